// SPDX-License-Identifier: Apache-2.0
// One line of JSON in, one line of JSON out: what the function says that it has seen, or why it failed.
import { createInterface } from "node:readline";

// Standard output is for answers.
console.info = console.log = console.error;

export const about = JSON.parse(process.argv[2]);

export async function answer(read) {
	for await (const line of createInterface({ input: process.stdin })) {
		let said;
		try {
			said = { seen: await read(JSON.parse(line)) };
		} catch (error) {
			said = { error: `${error.name}: ${error.message}` };
		}
		process.stdout.write(JSON.stringify(said) + "\n");
	}
}
