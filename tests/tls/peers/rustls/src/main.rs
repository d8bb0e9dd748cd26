// SPDX-License-Identifier: Apache-2.0

//! Servers of rustls on loopback, one for each line of the file that is named by the first argument: name, certificate, key, versions,
//! groups, suites (numbers), "asked" or "required" or nothing, CA of the clients, "ems" if it is required, separated by "|". It prints
//! "NAME PORT" for each and then "ready".

use rustls::crypto::{ring, CryptoProvider};
use rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

fn certificates(path: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(|one| one.unwrap()).collect()
}

fn numbers(list: &str) -> Vec<u16> {
    list.split(',').filter(|one| !one.is_empty()).map(|one| one.parse().unwrap()).collect()
}

fn settings(words: &[&str]) -> ServerConfig {
    let mut provider: CryptoProvider = ring::default_provider();
    let (groups, suites) = (numbers(words[4]), numbers(words[5]));
    if !groups.is_empty() {
        provider.kx_groups.retain(|group| groups.contains(&u16::from(group.name())));
    }
    if !suites.is_empty() {
        provider.cipher_suites.retain(|suite| suites.contains(&u16::from(suite.suite())));
    }
    let provider = Arc::new(provider);
    let versions: Vec<&'static SupportedProtocolVersion> = words[3]
        .split(',')
        .map(|version| if version == "1.3" { &rustls::version::TLS13 } else { &rustls::version::TLS12 })
        .collect();
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&versions).unwrap();
    let builder = if words[6].is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(words[7]) {
            roots.add(certificate).unwrap();
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = if words[6] == "asked" { verifier.allow_unauthenticated() } else { verifier };
        builder.with_client_cert_verifier(verifier.build().unwrap())
    };
    let mut made = builder.with_single_cert(certificates(words[1]), PrivateKeyDer::from_pem_file(words[2]).unwrap()).unwrap();
    made.require_ems = words[8] == "ems";
    made.alpn_protocols = vec![b"http/1.1".to_vec()];
    made
}

fn answer(socket: TcpStream, settings: Arc<ServerConfig>) -> std::io::Result<()> {
    let mut tls = StreamOwned::new(ServerConnection::new(settings).unwrap(), socket);
    let mut request = [0u8; 4096];
    match tls.read(&mut request) {
        Ok(n) if n > 0 => tls.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello\n")?,
        Ok(_) => return Ok(()),
        Err(error) => {
            eprintln!("{error}");
            let _ = tls.conn.write_tls(&mut tls.sock); // the alert
            return tls.sock.shutdown(Shutdown::Write);
        }
    }
    tls.conn.send_close_notify();
    tls.conn.complete_io(&mut tls.sock)?;
    tls.sock.shutdown(Shutdown::Write)
}

fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    for line in text.lines() {
        let words: Vec<&str> = line.split('|').collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        println!("{} {}", words[0], listener.local_addr().unwrap().port());
        let settings = Arc::new(settings(&words));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let settings = settings.clone();
                std::thread::spawn(move || answer(socket.unwrap(), settings));
            }
        });
    }
    println!("ready");
    loop {
        std::thread::park();
    }
}
