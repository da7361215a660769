/** The known name that a misspelt one was probably meant to be. */
export function nearestName(misspelt: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let smallest = Math.max(2, Math.floor(misspelt.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(misspelt, name);
    if (distance < smallest) {
      smallest = distance;
      nearest = name;
    }
  }
  return nearest;
}

/** Levenshtein distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [fromIndex, fromCharacter] of from.split("").entries()) {
    const next = [fromIndex + 1];
    for (const [toIndex, toCharacter] of to.split("").entries()) {
      const replaced = (row[toIndex] ?? 0) + (fromCharacter === toCharacter ? 0 : 1);
      next.push(Math.min(replaced, (row[toIndex + 1] ?? 0) + 1, (next[toIndex] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
