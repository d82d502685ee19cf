import { expect, test } from "vitest";
import { reasonWords } from "../src/reason_texts";

test.each([
  ["Overlap", "the last run was still open"],
  ["CreateContainerConfigError", "Create container config error"],
  ["constructor", "constructor"],
  ["a\u202eb", "a[U+202E]b"],
])("the reason %s in words", (reason, words) => {
  expect(reasonWords(reason)).toBe(words);
});
