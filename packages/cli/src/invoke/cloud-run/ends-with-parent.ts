// Loaded before a program that is not ours, so that it ends with the command too, however that ended.

process.once("disconnect", () => process.exit());
