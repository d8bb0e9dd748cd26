// SPDX-License-Identifier: Apache-2.0
// oidc-provider with one client that is known by the keys of another issuer: client credentials by assertion.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { about, answer } from "./loop.mjs";

const { privateKey } = await generateKeyPair("RS256", { extractable: true });
const provider = new Provider(about.issuer, {
	jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
	clients: [
		{
			client_id: about.client,
			token_endpoint_auth_method: "private_key_jwt",
			jwks_uri: about.jwks,
			grant_types: ["client_credentials"],
			redirect_uris: [],
			response_types: [],
		},
	],
	features: {
		clientCredentials: { enabled: true },
		devInteractions: { enabled: false },
		resourceIndicators: {
			enabled: true,
			getResourceServerInfo: (ctx, resource) => ({
				scope: "read write",
				audience: resource,
				accessTokenFormat: "jwt",
				accessTokenTTL: about.lifetime,
				jwt: { sign: { alg: "RS256" } },
			}),
		},
	},
	// The keys are on loopback; by itself it stays away from addresses that are not public.
	fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
});
const refused = [];
provider.on("grant.error", (ctx, error) => refused.push(`${error.message}: ${error.error_description} ${error.error_detail ?? ""}`));
const server = createServer({ cert: readFileSync(about.cert), key: readFileSync(about.key) }, provider.callback());
server.listen(about.port, "127.0.0.1", () => answer(async () => ({ refused })));
