import type { ManagementOperation } from "./management-operation.ts";
import {
  cancelScheduled,
  deleteMessages,
  peekMessages,
  receiveDeferred,
  renewLocks,
  scheduleMessages,
  updateDisposition,
} from "./message-operations.ts";
import type { RequestBody } from "./request-body.ts";
import { addRule, listRules, removeRule } from "./rule-operations.ts";
import { getSessions, getSessionState, renewSessionLock, setSessionState } from "./session-operations.ts";

/** Operations of `$management` by their names on the wire. */
export const MANAGEMENT_OPERATIONS: ReadonlyMap<string, ManagementOperation> = new Map([
  ["com.microsoft:renew-lock", named("renewLock", renewLocks)],
  ["com.microsoft:peek-message", named("peek", peekMessages)],
  ["com.microsoft:schedule-message", named("schedule", scheduleMessages)],
  ["com.microsoft:cancel-scheduled-message", named("cancelScheduled", cancelScheduled)],
  ["com.microsoft:receive-by-sequence-number", named("receiveDeferred", receiveDeferred)],
  ["com.microsoft:update-disposition", { name: settlementName, run: updateDisposition }],
  ["com.microsoft:batch-delete-messages", named("deleteMessages", deleteMessages)],
  ["com.microsoft:renew-session-lock", named("renewSessionLock", renewSessionLock)],
  ["com.microsoft:set-session-state", named("setSessionState", setSessionState)],
  ["com.microsoft:get-session-state", named("getSessionState", getSessionState)],
  ["com.microsoft:get-message-sessions", named("getSessions", getSessions)],
  ["com.microsoft:add-rule", named("addRule", addRule)],
  ["com.microsoft:remove-rule", named("removeRule", removeRule)],
  ["com.microsoft:enumerate-rules", named("listRules", listRules)],
]);

function named(name: string, run: ManagementOperation["run"]): ManagementOperation {
  return { name: () => name, run };
}

const SETTLEMENTS: Readonly<Record<string, string>> = {
  completed: "complete",
  abandoned: "abandon",
  defered: "defer",
  suspended: "deadLetter",
};

/** A settlement has the same name whichever way it arrives. */
function settlementName(body: RequestBody): string {
  return SETTLEMENTS[body.optionalText("disposition-status") ?? ""] ?? "settle";
}
