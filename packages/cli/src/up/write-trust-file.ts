import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file for clients that are told by path whom to trust. */
export interface WrittenTrustFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** Writes the certificate of an authority (PEM) into a folder of its own among the temporary files. */
export async function writeTrustFile(certificate: string): Promise<WrittenTrustFile> {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-"));
  const path = join(folder, "ca.pem");
  await writeFile(path, certificate);
  return { path, remove: async () => await rm(folder, { recursive: true, force: true }) };
}
