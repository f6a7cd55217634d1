/**
 * Splits an unfinished command line like a shell; the last word is the one being typed, and empty after a blank. Variables and
 * the like stay unexpanded: nothing is executed.
 */
export function wordsOfLine(line: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let quote: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    if (letter === '\\' && quote !== "'") {
      at += 1;
      word += line.charAt(at);
    } else if (letter === quote) {
      quote = undefined;
    } else if (quote === undefined && (letter === '"' || letter === "'")) {
      quote = letter;
    } else if (quote === undefined && /\s/.test(letter)) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      word += letter;
    }
  }
  return [...words, word];
}
