import type { OperationInput } from "../protocol/operation-input.ts";
import { SqsError, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_BATCH_ENTRIES } from "../sqs-limits.ts";
import type { CallContext, EntryFault, OperationOutput, OutputValue } from "./operation.ts";

const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

export interface BatchSteps {
  /** Throws errors that fail the whole request. */
  checkAll?(entries: readonly OperationInput[]): void;
  /** Carries out one entry and returns its members besides `Id`. An exception fails only this entry. */
  apply(entry: OperationInput): { readonly [member: string]: OutputValue };
}

/** Runs the entries in order and reports on each. An empty list is left out of the answer. */
export function runBatch(
  entryName: string,
  input: OperationInput,
  context: CallContext,
  steps: BatchSteps,
): OperationOutput {
  const entries = input.inputList("Entries");
  checkEntries(entryName, entries);
  steps.checkAll?.(entries);
  const successful: OutputValue[] = [];
  const failed: OutputValue[] = [];
  for (const [index, entry] of entries.entries()) {
    const id = entry.text("Id");
    const outcome = context.faultOfEntry(index) ?? applyEntry(entry, steps);
    if ("members" in outcome) successful.push({ Id: id, ...outcome.members });
    else failed.push(failedEntry(id, outcome));
  }
  return {
    Successful: successful.length > 0 ? successful : undefined,
    Failed: failed.length > 0 ? failed : undefined,
  };
}

/** Builds the result entry with which every batch operation reports a failure. */
export function failedEntry(id: OutputValue, fault: EntryFault): OutputValue {
  return { Id: id, Code: fault.code, Message: fault.message, SenderFault: fault.isSenderFault };
}

interface Applied {
  readonly members: { readonly [member: string]: OutputValue };
}

function applyEntry(entry: OperationInput, steps: BatchSteps): Applied | EntryFault {
  try {
    return { members: steps.apply(entry) };
  } catch (error) {
    if (!(error instanceof SqsError)) throw error;
    return { code: error.queryCode, message: error.message, isSenderFault: !error.isReceiverFault };
  }
}

function checkEntries(entryName: string, entries: readonly OperationInput[]): void {
  if (entries.length === 0) {
    throw sqsError("EmptyBatchRequest", `There should be at least one ${entryName} in the request.`);
  }
  if (entries.length > SQS_MAX_BATCH_ENTRIES) {
    throw sqsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${SQS_MAX_BATCH_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const ids = new Set<string>();
  for (const entry of entries) {
    const id = entry.optionalText("Id") ?? "";
    if (!ENTRY_ID.test(id)) {
      throw sqsError(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    }
    if (ids.has(id)) throw sqsError("BatchEntryIdsNotDistinct", `Id ${id} repeated.`);
    ids.add(id);
  }
}
