import fc from "fast-check";
import { expect, test } from "vitest";
import { readXml } from "./xml-reader.ts";
import { writeXml, xml } from "./xml-writer.ts";

test("elements are nested, undefined ones are omitted, and empty ones are closed at once", () => {
  const written = xml("a", { x: `<"1">` }, [xml("b", {}, "1 & 2"), undefined, xml("c", {})]);
  expect(writeXml(written)).toBe(
    `<?xml version="1.0" encoding="utf-8"?><a x="&lt;&quot;1&quot;&gt;"><b>1 &amp; 2</b><c/></a>`,
  );
});

test("characters that no document may hold are replaced", () => {
  expect(xml("a", {}, "x\u0000y\u001f\r\n").toString()).toBe("<a>x\ufffdy\ufffd&#13;\n</a>");
});

test("a written document is read back unchanged", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => !/[\u0000-\u001f\ufffe\uffff]/u.test(value));
  fc.assert(
    fc.property(text, text, (inner, attribute) => {
      const root = readXml(writeXml(xml("a", { x: attribute }, [xml("b", {}, inner)])));
      expect(root.attributes.get("x")).toBe(attribute);
      expect(root.children[0]?.text).toBe(inner);
    }),
  );
});
