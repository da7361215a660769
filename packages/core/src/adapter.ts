export type * from "./driver/capabilities.ts";
export type * from "./driver/admin-driver.ts";
export type * from "./driver/delivery.ts";
export type * from "./driver/driver.ts";
export type * from "./driver/entity.ts";
export type * from "./driver/event-source.ts";
export type * from "./driver/limits.ts";
export { HandBacks } from "./driver/hand-backs.ts";
export { LinkedList, type Linked } from "./batching/linked-list.ts";
export type { Provider, ProviderContext } from "./client/provider.ts";
export { loopbackOrRefuse, readParameters, type ConnectionUrl } from "./client/parse-url.ts";
export { systemClock, type Clock, type Timer } from "./time/clock.ts";
export { orAborted } from "./time/or-aborted.ts";
export { seededRandom } from "./time/seeded-random.ts";
export { StallMeter } from "./time/stall-meter.ts";
export { durationToMs, type Duration } from "./time/duration.ts";
export { connectionRemedy, isCertificateRefusal } from "./errors/connection-remedy.ts";
export { queueError, type QueueErrorInit } from "./errors/queue-error.ts";
// Imported from the public entry so that the build puts what the entries share into one file. Importing
// another file costs most of a millisecond, and an adapter is never loaded without the rest.
export { ERROR_CODES, isQueueError, QueueError, type ErrorCode, type ErrorDetails } from "./index.ts";
export { redact } from "./errors/redact.ts";
export { unloadable } from "./errors/unloadable.ts";
export { suggest } from "./errors/suggest.ts";
export { CutOff, type Cuttable } from "./consumer/cut-off.ts";
export { deadLetterMessage } from "./consumer/dead-letter.ts";
export { deadLetterByCopies, type DeadLetterCopies } from "./consumer/dead-letter-copies.ts";
export { RESERVED, RESERVED_PREFIX } from "./message/attributes.ts";
export { setOwn } from "./message/set-own.ts";
