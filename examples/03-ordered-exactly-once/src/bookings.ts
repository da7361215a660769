import { defineQueue } from "@anyqueue/core";
import { z } from "zod";

const schema = z.object({ account: z.string(), number: z.number(), cents: z.number() });

/** One change of one account. `number` counts the account's bookings from 1. */
export type Booking = z.infer<typeof schema>;

/** Bookings of one account are handled in order, and different accounts in parallel. */
export const bookings = defineQueue("bookings", {
  schema,
  needs: ["ordering"],
  orderingKey: ({ account }: Booking) => account,
  retry: { attempts: 10, delay: "1s" },
});
