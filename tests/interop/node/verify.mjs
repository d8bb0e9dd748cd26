// SPDX-License-Identifier: Apache-2.0
// jose as a judge of many tokens, each with a set of keys: which of them it takes.
import { readFile } from "node:fs/promises";
import { createLocalJWKSet, jwtVerify } from "jose";
import { about, answer } from "./loop.mjs";

const algorithms = ["RS", "PS", "ES"].flatMap((kind) => ["256", "384", "512"].map((bits) => kind + bits));
const options = { issuer: about.issuer, clockTolerance: 60, algorithms };

async function takes(token, key) {
	try {
		await jwtVerify(token, key, options);
		return true;
	} catch (error) {
		if (error.code !== "ERR_JWKS_MULTIPLE_MATCHING_KEYS") return false;
		for await (const one of error) if (await takes(token, one)) return true;
		return false;
	}
}

await answer(async () => {
	const taken = [];
	for (const [token, jwks] of JSON.parse(await readFile(about.file, "utf8"))) {
		let keys;
		try {
			keys = createLocalJWKSet(JSON.parse(jwks));
		} catch {
			keys = null;
		}
		taken.push(keys !== null && (await takes(token, keys)));
	}
	return taken;
});
