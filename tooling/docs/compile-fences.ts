import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "../steps.ts";
import type { CodeFence } from "./code-fences.ts";

export interface CompiledFence {
  readonly fence: CodeFence;
  /** One sentence per compiler error, with the line in the document. */
  readonly problems: readonly string[];
}

/**
 * Compiles all fences in one TypeScript program, against the sources of the packages.
 *
 * Each fence is a module of its own. A fence marked `continues` also has the code of the previous fence of
 * its document, and of the fences which that one continues.
 */
export function compileFences(fences: readonly CodeFence[]): readonly CompiledFence[] {
  const modules = new Map(
    fences.map((fence, index) => [modulePath(fence, index), moduleText(fences, index)]),
  );
  const options = compilerOptions();
  const program = ts.createProgram([...modules.keys()], options, hostWith(modules, options));
  return fences.map((fence, index) => {
    const module = program.getSourceFile(modulePath(fence, index));
    if (module === undefined) throw new Error(`${fence.document}:${fence.line} did not become a module`);
    const diagnostics = [
      ...program.getSyntacticDiagnostics(module),
      ...program.getSemanticDiagnostics(module),
    ];
    const preludeLines = prelude(fences, index).split("\n").length - 1;
    return { fence, problems: diagnostics.flatMap((found) => describe(fence, found, preludeLines)) };
  });
}

/** A path in the root folder, because the root's manifest depends on every package. */
function modulePath(fence: CodeFence, index: number): string {
  return join(ROOT, `${fence.document.replaceAll("/", "-")}-${index}.ts`);
}

/** Appends `export {}` to make it a module: top-level await and private declarations need one. */
function moduleText(fences: readonly CodeFence[], index: number): string {
  return `${prelude(fences, index)}${fences[index]?.code ?? ""}\nexport {};\n`;
}

function prelude(fences: readonly CodeFence[], index: number): string {
  const fence = fences[index];
  const previous = fences[index - 1];
  if (fence?.info !== "continues" || previous?.document !== fence.document) return "";
  return `${prelude(fences, index - 1)}${previous.code}\n`;
}

function describe(fence: CodeFence, found: ts.Diagnostic, preludeLines: number): readonly string[] {
  const text = ts.flattenDiagnosticMessageText(found.messageText, "\n");
  if (found.file === undefined || found.start === undefined) return [text];
  const line = found.file.getLineAndCharacterOfPosition(found.start).line - preludeLines;
  // An error in the prelude is reported for the fence that the prelude comes from.
  return line < 0 ? [] : [`${fence.document}:${fence.line + line} ${text}`];
}

function compilerOptions(): ts.CompilerOptions {
  const path = join(ROOT, "tsconfig.base.json");
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  // Excerpts may declare a name without using it.
  return { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
}

/** Parsed files of the language and the packages, by path, shared by all programs. */
const parsedFiles = new Map<string, ts.SourceFile | undefined>();

function hostWith(modules: ReadonlyMap<string, string>, options: ts.CompilerOptions): ts.CompilerHost {
  const disk = ts.createCompilerHost(options);
  return {
    ...disk,
    fileExists: (path) => modules.has(path) || disk.fileExists(path),
    readFile: (path) => modules.get(path) ?? disk.readFile(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const text = modules.get(path);
      if (text === undefined) {
        if (!parsedFiles.has(path)) parsedFiles.set(path, disk.getSourceFile(path, languageVersion, ...rest));
        return parsedFiles.get(path);
      }
      return ts.createSourceFile(path, text, languageVersion, true);
    },
  };
}
