// SPDX-License-Identifier: Apache-2.0
// google-auth-library: an external_account configuration, as GOOGLE_APPLICATION_CREDENTIALS names it.
import { readFile } from "node:fs/promises";
import { ExternalAccountClient } from "google-auth-library";
import { about, answer } from "./loop.mjs";

await answer(async () => {
	const client = ExternalAccountClient.fromJSON(JSON.parse(await readFile(about.configuration, "utf8")));
	client.scopes = ["https://www.googleapis.com/auth/cloud-platform"];
	const { token } = await client.getAccessToken();
	return token;
});
