import { saboteur as acksOnReceive } from "./acks-on-receive.ts";
import { saboteur as classifiesAllInternal } from "./classifies-all-internal.ts";
import { saboteur as confirmsBeforeSending } from "./confirms-before-sending.ts";
import { saboteur as countsFromZero } from "./counts-from-zero.ts";
import { saboteur as deliversTwice } from "./delivers-twice.ts";
import { saboteur as dropsLastResult } from "./drops-last-result.ts";
import { saboteur as exaggeratesLease } from "./exaggerates-lease.ts";
import { saboteur as forgetsKeys } from "./forgets-keys.ts";
import { saboteur as ignoresAbort } from "./ignores-abort.ts";
import { saboteur as ignoresAck } from "./ignores-ack.ts";
import { saboteur as ignoresAttributeSize } from "./ignores-attribute-size.ts";
import { saboteur as ignoresDeduplication } from "./ignores-deduplication.ts";
import { saboteur as ignoresDelay } from "./ignores-delay.ts";
import { saboteur as ignoresRelease } from "./ignores-release.ts";
import { saboteur as ignoresReleaseDelay } from "./ignores-release-delay.ts";
import { saboteur as ignoresTtl } from "./ignores-ttl.ts";
import { saboteur as leaksOnAbort } from "./leaks-on-abort.ts";
import { saboteur as liesOnCapability } from "./lies-on-capability.ts";
import { saboteur as losesAttributes } from "./loses-attributes.ts";
import { saboteur as losesContentType } from "./loses-content-type.ts";
import { saboteur as losesDeadLetterReason } from "./loses-dead-letter-reason.ts";
import { saboteur as losesId } from "./loses-id.ts";
import { saboteur as mergesAsks } from "./merges-asks.ts";
import { saboteur as neverCounts } from "./never-counts.ts";
import { saboteur as neverRenews } from "./never-renews.ts";
import { saboteur as neverWaits } from "./never-waits.ts";
import { saboteur as padsEmptyBodies } from "./pads-empty-bodies.ts";
import { saboteur as reordersKeys } from "./reorders-keys.ts";
import { saboteur as stripsBinary } from "./strips-binary.ts";
import { saboteur as swallowsFailures } from "./swallows-failures.ts";
import { saboteur as swapsResults } from "./swaps-results.ts";
import { saboteur as throwsForOne } from "./throws-for-one.ts";
import { saboteur as undercountsSize } from "./undercounts-size.ts";
import type { Saboteur } from "./saboteur.ts";

/** Every broken driver. */
export const SABOTEURS: readonly Saboteur[] = [
  acksOnReceive,
  classifiesAllInternal,
  confirmsBeforeSending,
  countsFromZero,
  deliversTwice,
  dropsLastResult,
  exaggeratesLease,
  forgetsKeys,
  ignoresAbort,
  ignoresAck,
  ignoresAttributeSize,
  ignoresDeduplication,
  ignoresDelay,
  ignoresRelease,
  ignoresReleaseDelay,
  ignoresTtl,
  leaksOnAbort,
  liesOnCapability,
  losesAttributes,
  losesContentType,
  losesDeadLetterReason,
  losesId,
  mergesAsks,
  neverCounts,
  neverRenews,
  neverWaits,
  padsEmptyBodies,
  reordersKeys,
  stripsBinary,
  swallowsFailures,
  swapsResults,
  throwsForOne,
  undercountsSize,
];
