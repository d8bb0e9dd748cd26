// SPDX-License-Identifier: Apache-2.0

import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Servers of the JDK's SSLServerSocket on loopback, one for each line of the file that is named by the first argument: name, key store,
 * its password, versions, suites, "asked" or "required" or nothing, CA of the clients, separated by "|". It prints "NAME PORT" for each and
 * then "ready". Groups and EMS are properties of the process.
 */
public class Jdk {
    static SSLContext context(String[] words) throws Exception {
        char[] password = words[2].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(words[1])) {
            store.load(file, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, password);
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        try (InputStream file = new FileInputStream(words[6])) {
            anchors.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(anchors);
        SSLContext made = SSLContext.getInstance("TLS");
        made.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return made;
    }

    static void answer(SSLSocket socket) {
        try (socket) {
            socket.setSoTimeout(10000);
            socket.startHandshake();
            if (socket.getInputStream().read(new byte[4096]) > 0) {
                socket.getOutputStream().write("HTTP/1.0 200 OK\r\n\r\nhello\n".getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().flush();
            }
        } catch (Exception error) {
            System.err.println(error);
        }
    }

    static void serve(SSLServerSocket server) {
        while (true) {
            try {
                SSLSocket socket = (SSLSocket) server.accept();
                Thread thread = new Thread(() -> answer(socket));
                thread.setDaemon(true);
                thread.start();
            } catch (Exception error) {
                System.err.println(error);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            String[] words = line.split("\\|", -1);
            SSLServerSocket server = (SSLServerSocket) context(words).getServerSocketFactory()
                    .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            server.setEnabledProtocols(words[3].split(","));
            if (!words[4].isEmpty()) {
                server.setEnabledCipherSuites(words[4].split(","));
            }
            server.setWantClientAuth(words[5].equals("asked"));
            if (words[5].equals("required")) {
                server.setNeedClientAuth(true);
            }
            System.out.println(words[0] + " " + server.getLocalPort());
            new Thread(() -> serve(server)).start();
        }
        System.out.println("ready");
    }
}
