// What a TypeScript user writes against the types made from the document. .ci/types/check compiles it, never runs it,
// once for each version of OpenAPI that `counterpart spec` prints: ./api.d.ts is put beside it.
// A line under @ts-expect-error must not compile: types that are too loose fail the check like types that are wrong.

import type { components, operations, paths } from "./api";

type Create = operations["createDataConnector"];
type Body = NonNullable<Create["requestBody"]>["content"]["application/json"];
type Created = Create["responses"][201]["content"]["application/json"];
type Refused = Create["responses"][400]["content"]["application/json"];

export const path: keyof paths = "/v2/{project_id}/data-connectors";

export const parameters: Create["parameters"]["path"] = { project_id: "ac66f1a5e8f443998ec62c8cb1aefda7" };

export const body: Body = {
  data_connector: {
    connector_name: "mrs-mysql-connector",
    source_type: "RDS_MYSQL",
    source_info: JSON.stringify({ db_name: "default", user_name: "mrs", password: "*****" }),
  },
};

export const connector: components["schemas"]["DataConnector"] = body.data_connector;

export function id(answer: Created): string {
  return answer.connector_id;
}

export function reason(answer: Refused): string {
  return `${answer.error_code}: ${answer.error_msg}`;
}

// @ts-expect-error the project's id is required
export const noProject: Create["parameters"]["path"] = {};

// @ts-expect-error source_info is required
export const noSource: Body = { data_connector: { connector_name: "a", source_type: "RDS_MYSQL" } };

export const unknownType: Body = {
  data_connector: {
    connector_name: "a",
    // @ts-expect-error source_type is one of those the document lists
    source_type: "ORACLE",
    source_info: "{}",
  },
};

export const object: Body = {
  data_connector: {
    connector_name: "a",
    source_type: "RDS_MYSQL",
    // @ts-expect-error source_info is JSON in a string, not an object
    source_info: {},
  },
};
