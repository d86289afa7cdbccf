// Judges each line of stdin, a simulation as @cloud-copilot/iam-simulate takes it, and answers in a line each: "Allowed", or why not.
import { createInterface } from "node:readline";
import { runSimulation } from "@cloud-copilot/iam-simulate";

// The judge knows the conditions of some OpenID providers by name. Ours has the same ones under a name of its own.
const KNOWN = "accounts.google.com";

for await (const line of createInterface({ input: process.stdin })) {
  const judged = await runSimulation(JSON.parse(line.replaceAll('"claviger.example:', `"${KNOWN}:`)), {});
  // A condition that the judge did not look at would make every answer worthless.
  const ignored = judged.result?.ignoredContextKeys ?? [];
  console.log(ignored.length > 0 ? `ignored ${ignored}` : (judged.overallResult ?? JSON.stringify(judged)));
}
