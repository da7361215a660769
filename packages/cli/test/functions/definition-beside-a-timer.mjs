// A module that does more than define, such as one that connects.

import { defineQueue } from "@anyqueue/core";

export const orders = defineQueue("orders");
setInterval(() => {}, 1_000);
