import { leaveOutConsumers, type PartnerDeviations } from "./partner-deviations.ts";

const LOAD = "many messages or polls keep its one process so busy that leases of two seconds run out";
const leaveOutLoads = { "PROD-02": LOAD, "PROD-04": LOAD, "CONC-09": LOAD, "SHUT-11": LOAD } as const;

/** moto 5. */
export const MOTO_DEVIATIONS: PartnerDeviations = {
  casesAtATime: 5,
  standard: [],
  fifo: [
    {
      id: "SETL-07",
      reason: "deletes a FIFO message by a receipt handle that has expired and says that it did",
      issue:
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html (2026-11-24)",
    },
  ],
  notRun: {
    standard: {
      "RTRY-11":
        "a poll whose client has gone may still take the message and count a delivery that nobody saw",
      ...leaveOutLoads,
    },
    fifo: { ...leaveOutConsumers(LOAD), "ORDR-07": LOAD },
  },
};
