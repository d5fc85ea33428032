// Prism as an API that checks what it is sent: `judge.mjs DESCRIPTION`. On standard output is
// a line of JSON for each thing that is to be known:
//
//   {"url": "http://127.0.0.1:1234", "dangling": […]}     it listens; at these references of the
//                                                         description there is nothing, so nothing
//                                                         is asked for there
//   {"unreadable": "…"}                                   Prism cannot load the description
//   {"request": "id", "path": "/…", "violations": […], "body": …, "unchecked": […]}
//                                                         what it says of the request with this
//                                                         `X-Request-Id` to the operation of this
//                                                         path; no violations: it is accepted,
//                                                         otherwise its body as it was read
//   {"mended": {"discriminator": 2, …}}                   at the end: what was mended in its copy of
//                                                         the description, and how often
//
// `unchecked` are schemas that Prism could not compile. It takes any value for these without a
// word, so nothing is proved by its consent. Paths that differ only in the names of their
// parameters are the same path to a request, so each of their operations is asked. The program ends
// with its standard input.
//
// The description is read by `description.mjs`, and what Prism's validator cannot compile is mended
// by `mend.mjs`; all else is Prism's.

import { createRequire } from 'node:module';
import { argv, stdin, stdout } from 'node:process';

import { createLogger } from '@stoplight/prism-core';
import { createServer } from '@stoplight/prism-http-server';

import { read } from './description.mjs';
import { mend, mended } from './mend.mjs';

const require = createRequire(import.meta.resolve('@stoplight/prism-http'));
const { default: Ajv } = require('ajv/dist/core');
const { left, right } = require('fp-ts/Either');

const say = (line) => stdout.write(`${JSON.stringify(line)}\n`);

const unchecked = new Set();
const { compile } = Ajv.prototype;
Ajv.prototype.compile = function (schema) {
  try {
    mend(this, schema);
    return reporting(compile.call(this, schema));
  } catch (error) {
    unchecked.add(error.message);
    throw error;
  }
};

// Prism drops what the validator knows of alternatives: whether a value is of none or of several.
const reporting = (validate) => {
  const reported = (value) => {
    const isValid = validate(value);
    reported.errors = validate.errors;
    for (const error of reported.errors ?? []) {
      if (error.params.passingSchemas) error.message += ', and matches several';
    }
    return isValid;
  };
  return reported;
};

// Called at the end of the checks of a request, all of which are synchronous.
const verdict = (input, violations, path) => {
  const request = input.headers['x-request-id'];
  const body = violations.length > 0 ? input.body : undefined;
  say({ request, path, violations, body, unchecked: [...unchecked] });
  unchecked.clear();
};

// Replaces the mock server: what is answered is no part of the judgement.
const routes = new WeakMap();
const mock = ({ resource, input: { data, validations } }) => () => {
  const errors = validations.filter(({ severity }) => severity === 0);
  verdict(data, errors.map(({ code, message, path }) => ({ code, message, path })), resource.path);
  routes.set(data, resource);
  return right({ statusCode: 200, headers: {}, body: undefined });
};

const logger = createLogger('judge', { enabled: false });
logger.child = () => logger;
// A request that is for none of the operations.
logger.error = (context, message) => {
  if (context.input) verdict(context.input, [{ code: 'route', message, path: [] }]);
};

try {
  const { operations, dangling } = await read(argv[2]);
  const config = {
    validateRequest: true,
    validateResponse: false,
    checkSecurity: true,
    errors: true,
    isProxy: false,
    mock: { dynamic: false },
  };
  const server = createServer(operations, { config, cors: false, components: { logger, mock } });
  // Prism looks at every operation for each request. Only those of as many segments can match.
  const ofLength = Map.groupBy(operations, ({ path }) => path.split('/').length);
  const candidates = (path) => ofLength.get(path.split('/').length) ?? operations;
  const shape = ({ method, path }) => `${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`;
  const ofShape = Map.groupBy(operations, shape);
  // A check that throws would end the program.
  const { request } = server.prism;
  const ask = (input, operations, settings) => {
    try {
      return request(input, operations, settings);
    } catch (error) {
      verdict(input, [{ code: 'crash', message: error.message, path: [] }]);
      return async () => left(error);
    }
  };
  server.prism.request = (input, _, settings) => async () => {
    const answer = await ask(input, candidates(input.url.path), settings)();
    const first = routes.get(input);
    const same = first ? ofShape.get(shape(first)) : [];
    for (const other of same.filter((one) => one !== first)) await ask(input, [other], settings)();
    return answer;
  };
  const url = await server.listen(0, '127.0.0.1');
  say({ url, dangling });
  stdin.resume().on('end', () => stdout.write(`${JSON.stringify({ mended })}\n`, () => process.exit()));
} catch (error) {
  say({ unreadable: `${error.name}: ${error.message}` });
}
