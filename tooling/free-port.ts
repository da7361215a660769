/** For tests that start servers which cannot choose a port themselves. */
export { freePort } from "../packages/cli/src/invoke/cloud-run/free-port.ts";
