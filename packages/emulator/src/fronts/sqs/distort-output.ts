import type { SeededRandom } from "../../random/seeded-random.ts";
import { failedEntry } from "./operations/batch.ts";
import type { OperationOutput, OutputValue } from "./operations/operation.ts";
import type { SqsCallFaults } from "./sqs-faults.ts";

type Members = { readonly [member: string]: OutputValue };

const WRONG_MD5 = "00000000000000000000000000000000";
const BODY_DIGESTS = ["MD5OfBody", "MD5OfMessageBody"];

/** Applies the faults that change only the answer, not what was done. */
export function distortOutput(
  output: OperationOutput,
  faults: SqsCallFaults,
  random: SeededRandom,
  isFifo: boolean,
): OperationOutput {
  if (output === undefined) return undefined;
  let distorted: Members = output;
  for (const { entries } of faults.all("corruptMd5")) distorted = corruptDigests(distorted, entries);
  if (faults.has("shuffle") && !isFifo) {
    const messages = listOf(distorted["Messages"]);
    if (messages.length > 0) distorted = { ...distorted, Messages: random.shuffled(messages) };
  }
  return distorted;
}

/** Moves entries with a fault from the successful to the failed ones, although they were carried out. */
export function reportAsFailed(
  output: OperationOutput,
  entryIds: readonly string[],
  faults: SqsCallFaults,
): OperationOutput {
  if (output === undefined) return undefined;
  const failed = [...listOf(output["Failed"])];
  const successful: OutputValue[] = [];
  for (const entry of listOf(output["Successful"])) {
    const id = isMembers(entry) ? entry["Id"] : undefined;
    const fault = faults.entryFault(entryIds.findIndex((entryId) => entryId === id));
    if (fault === undefined) successful.push(entry);
    else failed.push(failedEntry(id, fault));
  }
  return {
    ...output,
    Successful: successful.length > 0 ? successful : undefined,
    Failed: failed.length > 0 ? failed : undefined,
  };
}

/** Receipt handles of the messages in an answer. */
export function handlesIn(output: OperationOutput): readonly string[] {
  return listOf(output?.["Messages"])
    .map((message) => (isMembers(message) ? message["ReceiptHandle"] : undefined))
    .filter((handle) => typeof handle === "string");
}

function corruptDigests(output: Members, entries: readonly number[] | undefined): Members {
  const corruptAt = (items: OutputValue): OutputValue =>
    listOf(items).map((item, index) =>
      isMembers(item) && (entries === undefined || entries.includes(index)) ? withWrongDigest(item) : item,
    );
  const distorted: Record<string, OutputValue> = { ...withWrongDigest(output) };
  for (const member of ["Messages", "Successful"]) {
    if (distorted[member] !== undefined) distorted[member] = corruptAt(distorted[member]);
  }
  return distorted;
}

function withWrongDigest(item: Members): Members {
  const distorted: Record<string, OutputValue> = { ...item };
  for (const digest of BODY_DIGESTS) if (distorted[digest] !== undefined) distorted[digest] = WRONG_MD5;
  return distorted;
}

function listOf(value: OutputValue): readonly OutputValue[] {
  return isList(value) ? value : [];
}

/** Array.isArray does not narrow readonly arrays. */
function isList(value: OutputValue): value is readonly OutputValue[] {
  return Array.isArray(value);
}

function isMembers(value: OutputValue): value is Members {
  return typeof value === "object" && !Array.isArray(value);
}
