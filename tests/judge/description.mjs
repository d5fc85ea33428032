// Reads a description with the parts that Prism reads it with, in another order: Prism replaces
// each reference by what it means, and then follows every way through a schema that leads back to
// itself. With hundreds of such schemas that takes hours. Here, what recurs stays a reference,
// in the form that Prism has for those.

import { createRequire } from 'node:module';

import { count } from './mend.mjs';

const require = createRequire(import.meta.resolve('@stoplight/prism-http'));
const $RefParser = require('@stoplight/json-schema-ref-parser');
const { isLocalRef, resolveInlineRef } = require('@stoplight/json');
const { convertToJsonSchema } = require('@stoplight/http-spec/oas');
const { transformOas2Operations } = require('@stoplight/http-spec/oas2/operation');
const { transformOas3Operations } = require('@stoplight/http-spec/oas3/operation');

// The operations of a description, and the references in it at which nothing is found.
export async function read(file) {
  const whole = await oneDocument(file);
  const dangling = dropDangling(whole);
  applyDiscriminators(whole);
  const options = { dereference: { circular: 'ignore' } };
  const document = await new $RefParser().dereference(whole, options);
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (typeof item?.$ref === 'string') document.paths[path] = resolveInlineRef(document, item.$ref);
  }
  const transform = document.swagger ? transformOas2Operations : transformOas3Operations;
  const operations = transform(document);
  return { operations: operations.map((one) => selfContained(one, document)), dangling };
}

async function oneDocument(file) {
  const parser = new $RefParser();
  try {
    return await parser.bundle(file, { continueOnError: true });
  } catch (error) {
    if (!error.errors?.every(({ code }) => code === 'EMISSINGPOINTER')) throw error;
    return parser.schema;
  }
}

function dropDangling(document) {
  const dangling = new Set();
  const visit = (value) => {
    if (value === null || typeof value !== 'object') return;
    if (typeof value.$ref === 'string' && isLocalRef(value.$ref) && !leads(document, value.$ref)) {
      dangling.add(value.$ref);
      delete value.$ref;
    }
    Object.values(value).forEach(visit);
  };
  visit(document);
  return [...dangling];
}

// Prism drops discriminators, so that alternatives which only a discriminator distinguishes all fit.
// Here, each alternative accepts the names that select it (Discriminator Object), and no others;
// what no mapping names and lists the values of the property itself is left as it is.
function applyDiscriminators(document) {
  const visit = (value) => {
    if (value === null || typeof value !== 'object') return;
    Object.values(value).forEach(visit);
    const property = value.discriminator?.propertyName;
    if (typeof property !== 'string' || !Array.isArray(value.oneOf)) return;
    if (value.oneOf.some(({ $ref }) => typeof $ref !== 'string')) return;
    value.oneOf = value.oneOf.map((alternative) => {
      const names = mappedTo(alternative.$ref, value.discriminator.mapping ?? {});
      if (names.length === 0 && listsValues(document, alternative, property)) return alternative;
      if (names.length === 0) names.push(nameOf(alternative.$ref));
      count('discriminator');
      return { allOf: [alternative, { properties: { [property]: { enum: names } } }] };
    });
  };
  visit(document);
}

// Whether a schema lists the values of a property.
function listsValues(document, schema, property, depth = 0) {
  if (schema === null || typeof schema !== 'object' || depth > 16) return false;
  const { $ref, enum: values, const: value, properties, allOf = [], oneOf = [], anyOf = [] } = schema;
  if (property === undefined && (values ?? value) !== undefined) return true;
  const inner = property === undefined ? undefined : properties?.[property];
  if (inner && listsValues(document, inner, undefined, depth + 1)) return true;
  const parts = [...allOf, ...oneOf, ...anyOf];
  if (typeof $ref === 'string' && isLocalRef($ref)) parts.push(resolveInlineRef(document, $ref));
  return parts.some((one) => listsValues(document, one, property, depth + 1));
}

// The names that are mapped to the schema of a reference.
function mappedTo($ref, mapping) {
  return Object.keys(mapping).filter((name) => [$ref, nameOf($ref)].includes(mapping[name]));
}

// The name of the schema itself.
function nameOf($ref) {
  return $ref.slice($ref.lastIndexOf('/') + 1);
}

function leads(document, reference) {
  try {
    return resolveInlineRef(document, reference) !== undefined;
  } catch {
    return false;
  }
}

// An operation with all that it refers to under `__bundled__`, where Prism's validators look. No
// response is judged.
function selfContained(operation, document) {
  const bundled = {};
  const keys = new Map();
  const bundle = (reference) => {
    if (!keys.has(reference)) {
      const key = `${keys.size}`;
      keys.set(reference, key);
      bundled[key] = copy(convertToJsonSchema(document, resolveInlineRef(document, reference)));
    }
    return `#/__bundled__/${keys.get(reference)}`;
  };
  const copy = (value) => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(copy);
    const members = Object.entries(value).map(([name, member]) => [name, copy(member)]);
    const copied = Object.fromEntries(members);
    const { $ref } = value;
    if (typeof $ref === 'string' && isLocalRef($ref)) copied.$ref = bundle($ref);
    return copied;
  };
  return { ...copy({ ...operation, responses: [] }), __bundled__: bundled };
}
