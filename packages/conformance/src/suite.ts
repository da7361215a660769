import type { ConformanceCase } from "./case.ts";
import { BTCH } from "./cases/btch.ts";
import { CAPA } from "./cases/capa.ts";
import { CONC } from "./cases/conc.ts";
import { CONS } from "./cases/cons.ts";
import { CONS_FLOW } from "./cases/cons-flow.ts";
import { CONS_DRIVER } from "./cases/cons-driver.ts";
import { DEDU } from "./cases/dedu.ts";
import { DELY } from "./cases/dely.ts";
import { ERRS, LARG } from "./cases/errs.ts";
import { HDRS_ATTRIBUTES } from "./cases/hdrs.ts";
import { HDRS_BODY } from "./cases/hdrs-body.ts";
import { LEAS } from "./cases/leas.ts";
import { ORDR } from "./cases/ordr.ts";
import { PROD } from "./cases/prod.ts";
import { PROV } from "./cases/prov.ts";
import { RTRY_RETRY } from "./cases/rtry.ts";
import { RTRY_DEAD } from "./cases/rtry-dead.ts";
import { SETL_PORTABLE } from "./cases/setl.ts";
import { SETL_DRIVER } from "./cases/setl-driver.ts";
import { SHUT_END } from "./cases/shut-end.ts";
import { SHUT } from "./cases/shut.ts";

/** The case that judges the results of all others. */
const LAST_ID = "CAPA-02";

/** Every case, ordered by group and number. */
export const CASES: readonly ConformanceCase[] = inOrder([
  PROD,
  [...CONS, ...CONS_FLOW, ...CONS_DRIVER],
  [...SETL_PORTABLE, ...SETL_DRIVER],
  LEAS,
  [...RTRY_RETRY, ...RTRY_DEAD],
  ORDR,
  DEDU,
  DELY,
  BTCH,
  CONC,
  [...SHUT, ...SHUT_END],
  ERRS,
  LARG,
  [...HDRS_ATTRIBUTES, ...HDRS_BODY],
  PROV,
  CAPA,
]);

function inOrder(groups: readonly (readonly ConformanceCase[])[]): readonly ConformanceCase[] {
  const sorted = groups.flatMap((group) => group.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  const ids = sorted.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`two cases have the id ${twice}`);
  return Object.freeze([
    ...sorted.filter(({ id }) => id !== LAST_ID),
    ...sorted.filter(({ id }) => id === LAST_ID),
  ]);
}
