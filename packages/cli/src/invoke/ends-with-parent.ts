// Loaded before a program that is not ours, so that it ends with the command too, however that ended.

import { endWithParent } from "./end-with-parent.ts";

endWithParent();
