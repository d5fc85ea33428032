// Prism as an API that checks what it is sent: `judge.mjs DESCRIPTION`. On standard output stands
// a line of JSON for each thing that is to be known:
//
//   {"url": "http://127.0.0.1:1234"}                      it listens
//   {"unreadable": "…"}                                   Prism cannot load the description
//   {"request": "id", "violations": […], "unchecked": […]} what it says of the request with this
//                                                         `X-Request-Id`; none: it is accepted
//
// `unchecked` are schemas that Prism could not compile. It takes any value for these without a
// word, so nothing is proved by its consent. The program ends with its standard input.

import { createRequire } from 'node:module';
import { argv, stdin, stdout } from 'node:process';

import { createLogger } from '@stoplight/prism-core';
import { getHttpOperationsFromSpec } from '@stoplight/prism-http';
import { createServer } from '@stoplight/prism-http-server';

const require = createRequire(import.meta.resolve('@stoplight/prism-http'));
const { default: Ajv } = require('ajv/dist/core');
const { left, right } = require('fp-ts/Either');

const say = (line) => stdout.write(`${JSON.stringify(line)}\n`);

const unchecked = new Set();
const { compile } = Ajv.prototype;
Ajv.prototype.compile = function (...schema) {
  try {
    return compile.apply(this, schema);
  } catch (error) {
    unchecked.add(error.message);
    throw error;
  }
};

// Called at the end of the checks of a request, all of which are synchronous.
const verdict = (input, violations) => {
  const request = input.headers['x-request-id'];
  say({ request, violations, unchecked: [...unchecked] });
  unchecked.clear();
};

// Stands in place of the mock server: what is answered is no part of the judgement.
const mock = ({ input: { data, validations } }) => () => {
  const errors = validations.filter(({ severity }) => severity === 0);
  verdict(data, errors.map(({ code, message, path }) => ({ code, message, path })));
  return right({ statusCode: 200, headers: {}, body: undefined });
};

const logger = createLogger('judge', { enabled: false });
logger.child = () => logger;
// A request that is for none of the operations.
logger.error = (context, message) => {
  if (context.input) verdict(context.input, [{ code: 'route', message, path: [] }]);
};

try {
  const operations = await getHttpOperationsFromSpec(argv[2]);
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
  // A check that throws would end the program.
  const { request } = server.prism;
  server.prism.request = (input, _, settings) => {
    try {
      return request(input, candidates(input.url.path), settings);
    } catch (error) {
      verdict(input, [{ code: 'crash', message: error.message, path: [] }]);
      return async () => left(error);
    }
  };
  const url = await server.listen(0, '127.0.0.1');
  say({ url });
  stdin.resume().on('end', () => process.exit());
} catch (error) {
  say({ unreadable: `${error.name}: ${error.message}` });
}
