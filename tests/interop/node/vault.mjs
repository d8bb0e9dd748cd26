// SPDX-License-Identifier: Apache-2.0
// node-vault: log in with the token in a file, read a secret.
import { readFile } from "node:fs/promises";
import vault from "node-vault";
import { about, answer } from "./loop.mjs";

await answer(async () => {
	const jwt = await readFile(about.file, "utf8");
	const client = vault({ apiVersion: "v1", endpoint: about.endpoint });
	const login = await client.write(`auth/${about.mount}/login`, { role: about.role, jwt });
	client.token = login.auth.client_token;
	const secret = await client.read(about.path);
	if (!secret.data.data.password) throw new Error("no secret");
	return jwt;
});
