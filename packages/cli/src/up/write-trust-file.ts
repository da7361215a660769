import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file for clients that take the trusted certificate by path. */
export interface WrittenTrustFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** Writes an authority's certificate (PEM) into its own folder among the temporary files. */
export async function writeTrustFile(certificate: string): Promise<WrittenTrustFile> {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-"));
  const path = join(folder, "ca.pem");
  await writeFile(path, certificate);
  return { path, remove: async () => await rm(folder, { recursive: true, force: true }) };
}
