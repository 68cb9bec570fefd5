/**
 * GET /openapi.json: the OpenAPI 3.1 document, made from the operations and their schemas.
 */
import { z } from 'zod';
import * as answers from './answer-schemas.ts';
import * as claimAnswers from './claim-schemas.ts';
import * as guardAnswers from './guard-schemas.ts';
import { type Answer, getOperation, type Operation } from './operation.ts';
import { NO_PARAMETERS } from './parameters.ts';

type Json = Readonly<Record<string, unknown>>;

const COMPONENTS: readonly (readonly [string, z.ZodType])[] = [
  ['FreeRanges', answers.freeRanges],
  ['Addresses', answers.addresses],
  ['Address', answers.addressAnswer],
  ['Segments', answers.segments],
  ['Sweep', answers.sweep],
  ['Sweeps', answers.sweeps],
  ['SweepNow', answers.sweepNow],
  ['Verification', answers.verify],
  ['Proof', answers.proof],
  ['Outage', answers.outage],
  ['Health', answers.health],
  ['Readiness', answers.readiness],
  ['Conflicts', guardAnswers.conflicts],
  ['Conflict', guardAnswers.conflict],
  ['Pools', guardAnswers.pools],
  ['Dhcp', guardAnswers.dhcp],
  ['Claims', claimAnswers.claims],
  ['Claim', claimAnswers.claim],
  ['Problem', answers.problem],
];

/** The operation that answers with the document of all operations, itself among them. */
export function openApiOperation(others: readonly Operation[], version: string): Operation {
  const operation: Operation = getOperation({
    path: '/openapi.json',
    summary: 'This document',
    query: NO_PARAMETERS,
    answers: { 200: { description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) } },
    reply: () => ({ status: 200, body: document }),
  });
  const document = openApiDocument([...others, operation], version);
  return operation;
}

export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Freehold',
      version,
      description:
        'Which addresses of a LAN are proven free, and who takes those of a pool. Errors are problem documents (RFC 9457) with a stable code.',
    },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Where the daemon is configured with a token' } },
    },
  };
}

function describe(operation: Operation): Json {
  return {
    operationId: operation.method + operation.path.replace(/[/{}.-]+(\w?)/g, (_, letter: string) => letter.toUpperCase()),
    summary: operation.summary,
    parameters: [...pathParameters(operation), ...queryParameters(operation.query), ...headerParameters(operation)],
    ...(operation.body === null
      ? {}
      : {
          requestBody: {
            required: !operation.body.safeParse({}).success,
            content: { 'application/json': { schema: inputSchema(operation.body) } },
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(operation.answers).map(([status, answer]) => [status, describeAnswer(answer)])),
      default: { description: 'A problem', content: { 'application/problem+json': { schema: reference('Problem') } } },
    },
    security: operation.open ? [] : [{}, { token: [] }],
  };
}

const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

const describeAnswer = ({ description, schema, contentType = 'application/json' }: Answer): Json => {
  const name = COMPONENTS.find(([, component]) => component === schema)?.[0];
  const described = name === undefined ? plain(z.toJSONSchema(schema, { io: 'output' })) : reference(name);
  return { description, content: { [contentType]: { schema: described } } };
};

const pathParameters = ({ path, pathSchema = { type: 'string' } }: Operation): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: pathSchema }));

const headerParameters = ({ headers = [] }: Operation): Json[] =>
  headers.map(({ name, description }) => ({ name, in: 'header', required: false, description, schema: { type: 'string' } }));

function queryParameters(query: z.ZodObject): Json[] {
  const { properties = {} } = inputSchema(query) as { readonly properties?: Json };
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { readonly description?: string };
    return { name, in: 'query', required: false, ...(description === undefined ? {} : { description }), schema: rest };
  });
}

const inputSchema = (schema: z.ZodType): Json => plain(z.toJSONSchema(schema, { io: 'input' }));

function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of COMPONENTS) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'output',
    uri: (id) => `#/components/schemas/${id}`,
    // An answer may gain members: a client must not refuse them.
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema)]));
}

const plain = (schema: object): Json => {
  const { $schema: _dialect, $id: _id, ...rest } = schema as Record<string, unknown>;
  return rest;
};
