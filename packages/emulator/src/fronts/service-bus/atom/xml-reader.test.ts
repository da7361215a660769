import { describe, expect, test } from "vitest";
import { readXml, splitName, XmlError, type XmlElement } from "./xml-reader.ts";

/** The element as nested lists, which are shorter to compare. */
function shape(element: XmlElement): unknown {
  return [element.name, element.text.trim(), ...element.children.map(shape)];
}

describe("reading XML", () => {
  test("elements, text and attributes are read as nested", () => {
    const root = readXml(
      `<?xml version="1.0"?>\n<a x='1' y="&quot;2&quot;"><b>one</b><b/><c> two <d/></c></a>\n`,
    );
    expect(shape(root)).toEqual(["a", "", ["b", "one"], ["b", ""], ["c", "two", ["d", ""]]]);
    expect([...root.attributes]).toEqual([
      ["x", "1"],
      ["y", '"2"'],
    ]);
    expect(root.children[2]?.text).toBe(" two ");
  });

  test("prefixes are resolved where they appear", () => {
    const root = readXml(
      `<p:a xmlns:p="urn:1" xmlns="urn:2"><b><c xmlns="urn:3" xmlns:p="urn:4"><p:d/></c></b></p:a>`,
    );
    const b = root.children[0];
    const c = b?.children[0];
    expect([root.name, root.namespace]).toEqual(["a", "urn:1"]);
    expect([b?.namespace, c?.namespace, c?.children[0]?.namespace]).toEqual(["urn:2", "urn:3", "urn:4"]);
    expect(b?.resolvePrefix("p")).toBe("urn:1");
    expect(c?.resolvePrefix("p")).toBe("urn:4");
    expect(c?.resolvePrefix("q")).toBeUndefined();
  });

  test("references, character data sections, comments and a byte order mark are understood", () => {
    const root = readXml(`\uFEFF<a>&lt;&#65;&#x1F600;&amp;amp;<!-- <b> - --><![CDATA[<&>]]></a><!-- end -->`);
    expect(root.text).toBe("<A\u{1F600}&amp;<&>");
    expect(root.children).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["text alone", "hello"],
    ["an element that is not closed", "<a><b></b>"],
    ["tags that cross", "<a><b></a></b>"],
    ["an end without a start", "</a>"],
    ["two roots", "<a/><b/>"],
    ["text after the root", "<a/>tail"],
    ["an attribute without quotes", "<a x=1/>"],
    ["an attribute twice", `<a x="1" x="2"/>`],
    ["an unknown entity", "<a>&nbsp;</a>"],
    ["a bare ampersand", "<a>a & b</a>"],
    ["a reference to no character", "<a>&#x110000;</a>"],
    ["the null character", "<a>&#0;</a>"],
    ["a prefix that is not declared", "<p:a/>"],
    ["a document type", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`],
    ["two hyphens in a comment", "<a><!-- -- --></a>"],
    ["a tag that never ends", `<a x="1"`],
    ["a depth beyond all descriptions", `${"<a>".repeat(65)}${"</a>".repeat(65)}`],
  ])("%s is refused", (_name, document) => {
    expect(() => readXml(document)).toThrow(XmlError);
  });

  test("a long hostile document is refused without much work", () => {
    const before = process.cpuUsage();
    expect(() => readXml(`<a ${`x="`.repeat(200_000)}`)).toThrow(XmlError);
    expect(() => readXml(`<a>${"<!--".repeat(50_000)}`)).toThrow(XmlError);
    expect(() => readXml(`<a${" ".repeat(200_000)}`)).toThrow(XmlError);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1500);
  });

  test("a name is split at its first colon", () => {
    expect(splitName("i:type")).toEqual(["i", "type"]);
    expect(splitName("type")).toEqual(["", "type"]);
  });
});
