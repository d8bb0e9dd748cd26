// SPDX-License-Identifier: Apache-2.0
package sts;

import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.server.authorization.authentication.JwtClientAssertionAuthenticationProvider;
import org.springframework.security.oauth2.server.authorization.authentication.JwtClientAssertionDecoderFactory;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.config.annotation.web.configurers.OAuth2AuthorizationServerConfigurer;
import org.springframework.security.oauth2.server.authorization.settings.AuthorizationServerSettings;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.web.SecurityFilterChain;

/** An authorization server that knows its client by a Pod's token: the lines between the marks are those of the page in docs/servers. */
@SpringBootApplication
public class Server {
	public static void main(String[] args) {
		SpringApplication.run(Server.class, args);
	}

	@Bean
	AuthorizationServerSettings settings(@Value("${sts.issuer}") String issuer) {
		return AuthorizationServerSettings.builder().issuer(issuer).build();
	}

	@Bean
	RegisteredClientRepository clients(@Value("${sts.cluster}") String cluster) {
		// BEGIN client
		return new InMemoryRegisteredClientRepository(RegisteredClient.withId("cart").clientId("cart")
			.clientAuthenticationMethod(ClientAuthenticationMethod.PRIVATE_KEY_JWT)
			.authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS).scope("orders")
			.clientSettings(ClientSettings.builder()
				.tokenEndpointAuthenticationSigningAlgorithm(SignatureAlgorithm.RS256)
				.jwkSetUrl(cluster + "/openid/v1/jwks")
				.setting("subject", "system:serviceaccount:shop:cart").build())
			.build());
		// END client
	}

	@Bean
	@Order(1)
	SecurityFilterChain chain(HttpSecurity http, @Value("${sts.cluster}") String cluster, @Value("${sts.issuer}") String issuer)
			throws Exception {
		// BEGIN validator
		JwtClientAssertionDecoderFactory decoders = new JwtClientAssertionDecoderFactory();
		decoders.setJwtValidatorFactory(client -> new DelegatingOAuth2TokenValidator<>(
			new JwtTimestampValidator(),
			new JwtClaimValidator<Object>("iss", claim -> claim != null && cluster.equals(claim.toString())),
			new JwtClaimValidator<List<String>>("aud", claim -> claim != null && claim.contains(issuer)),
			new JwtClaimValidator<String>("sub", claim -> client.getClientSettings().getSetting("subject").equals(claim))));
		OAuth2AuthorizationServerConfigurer server = OAuth2AuthorizationServerConfigurer.authorizationServer();
		http.securityMatcher(server.getEndpointsMatcher())
			.with(server, each -> each.clientAuthentication(clients -> clients.authenticationProviders(providers ->
				providers.forEach(provider -> {
					if (provider instanceof JwtClientAssertionAuthenticationProvider assertions)
						assertions.setJwtDecoderFactory(decoders);
				}))))
			.authorizeHttpRequests(requests -> requests.anyRequest().authenticated());
		// END validator
		return http.build();
	}
}
