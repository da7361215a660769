// A module that does more than define, as one does that connects.

import { defineQueue } from "@anyqueue/core";

export const orders = defineQueue("orders");
setInterval(() => {}, 1_000);
