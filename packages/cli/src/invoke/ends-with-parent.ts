// Preloaded into a program that is not ours, so that it too ends with the command, however that ended.

import { endWithParent } from "./end-with-parent.ts";

endWithParent();
