// What Prism's validator refuses to compile although there is a right way to read it, or what no
// value can satisfy, mended in its copy of a schema.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.resolve('@stoplight/prism-http'));
const traverse = require('json-schema-traverse');

// What was mended, and how often: a copy of a schema counts for itself.
export const mended = {};

export function count(what) {
  mended[what] = (mended[what] ?? 0) + 1;
}

export function mend(validator, schema) {
  validator.opts.code.regExp = regExp;
  for (const each of [schema, ...Object.values(schema.__bundled__ ?? {})]) {
    traverse(each, { cb: mendOne });
    if (validator.opts.coerceTypes) traverse(each, { cb: (one) => mendAlternatives(one, schema) });
  }
}

// Where all is text, the validator turns it into what each alternative wants, and finds that several
// fit: `1` is a number and a text. Alternatives of which no two have a type in common are exclusive
// without `oneOf`, so that `anyOf` says the same.
function mendAlternatives(schema, root) {
  const alternatives = schema.oneOf;
  if (!alternatives || schema.anyOf) return;
  const types = alternatives.map((one) => typesOf(one, root));
  const all = types.flatMap((one) => [...(one ?? [])]);
  if (types.includes(undefined) || new Set(all).size < all.length) return;
  schema.anyOf = alternatives;
  delete schema.oneOf;
  count('alternatives-of-different-types');
}

// The types that a schema allows, where integers are numbers; undefined where it names none.
function typesOf(schema, root, depth = 0) {
  if (typeof schema !== 'object' || depth > 16) return undefined;
  const { $ref, type, oneOf, anyOf, allOf, nullable } = schema;
  const key = /^#\/__bundled__\/([^/]+)$/.exec($ref ?? '')?.[1];
  if (key) return typesOf(root.__bundled__?.[key], root, depth + 1);
  if (type) {
    const names = [type, nullable ? 'null' : []].flat(2);
    return new Set(names.map((name) => (name === 'integer' ? 'number' : name)));
  }
  if (allOf) return allOf.map((one) => typesOf(one, root, depth + 1)).find((types) => types);
  const parts = (oneOf ?? anyOf)?.map((one) => typesOf(one, root, depth + 1));
  return parts?.every((types) => types) ? new Set(parts.flatMap((types) => [...types])) : undefined;
}

function mendOne(schema) {
  // References were resolved before; a copy that has the name of another is an error.
  delete schema.$id;
  delete schema.$anchor;
  // The type of a field that holds a file (Swagger 2.0, Parameter Object), and none of JSON Schema.
  if (schema.type === 'file') {
    delete schema.type;
    count('file-as-a-type');
  }
  // It takes effect only where `type` is beside it (OpenAPI 3.0.3, Schema Object, nullable).
  if ('nullable' in schema && !('type' in schema)) {
    delete schema.nullable;
    count('nullable-without-type');
  }
  // Nothing is among no values; its author means that there is no list of them. A value that
  // is there twice is allowed once (JSON Schema Validation §6.1.2: they should be unique).
  if (schema.enum?.length === 0) {
    delete schema.enum;
    count('enum-without-a-value');
  }
  const values = new Set(schema.enum);
  if (values.size < (schema.enum?.length ?? 0)) {
    schema.enum = [...values];
    count('enum-with-a-value-twice');
  }
}

// A pattern is an expression of ECMA 262 (Schema Object, pattern), which need not have the flag
// that makes `\-` an error.
function regExp(pattern, flags) {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
}
regExp.code = 'new RegExp';
