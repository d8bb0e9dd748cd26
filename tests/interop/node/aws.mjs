// SPDX-License-Identifier: Apache-2.0
// The AWS SDK: credentials as its default chain finds them in the environment, and a signed request with them.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { about, answer } from "./loop.mjs";

await answer(async () => {
	// As a new process would: a chain keeps what it found until it expires, and the SDK keeps the files that it has read.
	const credentials = fromNodeProviderChain({ ignoreCache: true, clientConfig: { endpoint: about.endpoint } });
	const client = new STSClient({ credentials, endpoint: about.endpoint, maxAttempts: 1 });
	const { Arn } = await client.send(new GetCallerIdentityCommand({}));
	const { accessKeyId, sessionToken } = await credentials();
	client.destroy();
	if (!Arn.includes(about.arn)) throw new Error(Arn);
	if (!sessionToken) throw new Error("no session token");
	return accessKeyId;
});
