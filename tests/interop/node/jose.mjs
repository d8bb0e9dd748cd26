// SPDX-License-Identifier: Apache-2.0
// jose as a resource server: the issuer's keys by URL, once and for all reads.
import { readFile } from "node:fs/promises";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { about, answer } from "./loop.mjs";

const keys = createRemoteJWKSet(new URL(`${about.issuer}/certs`), { cooldownDuration: 0 });

await answer(async () => {
	const { payload } = await jwtVerify(await readFile(about.file, "utf8"), keys, {
		issuer: about.issuer,
		audience: about.audience,
		requiredClaims: ["exp", "nbf", "iat", "jti", "sub"],
	});
	return payload.jti;
});
