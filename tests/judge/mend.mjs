// What Prism's validator refuses to compile although there is a right way to read it, or what no
// value can satisfy, mended in its copy of a schema.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.resolve('@stoplight/prism-http'));
const traverse = require('json-schema-traverse');

export function mend(validator, schema) {
  validator.opts.code.regExp = regExp;
  for (const each of [schema, ...Object.values(schema.__bundled__ ?? {})]) {
    traverse(each, { cb: mendOne });
  }
}

function mendOne(schema) {
  // References were resolved before; a copy that has the name of another is an error.
  delete schema.$id;
  delete schema.$anchor;
  // The type of a field that holds a file (Swagger 2.0, Parameter Object), and none of JSON Schema.
  if (schema.type === 'file') delete schema.type;
  // It takes effect only where `type` is beside it (OpenAPI 3.0.3, Schema Object, nullable).
  if ('nullable' in schema && !('type' in schema)) delete schema.nullable;
  // Nothing is among no values; its author means that there is no list of them. A value that
  // is there twice is allowed once (JSON Schema Validation §6.1.2: they should be unique).
  if (schema.enum?.length === 0) delete schema.enum;
  if (schema.enum) schema.enum = [...new Set(schema.enum)];
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
