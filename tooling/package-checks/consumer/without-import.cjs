// Compiles the CJS files of our packages as jest does: with node:vm, and without support for `import()`.

const { createRequire, Module, wrap } = require("node:module");
const { dirname, join } = require("node:path");
const { runInThisContext } = require("node:vm");

const compile = Module.prototype._compile;

Module.prototype._compile = function (code, filename, ...rest) {
  if (!filename.includes(join("node_modules", "@anyqueue"))) {
    return compile.call(this, code, filename, ...rest);
  }
  const run = runInThisContext(wrap(code), { filename });
  return run.call(this.exports, this.exports, createRequire(filename), this, filename, dirname(filename));
};
