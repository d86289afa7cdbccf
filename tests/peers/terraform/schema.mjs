// Writes aws.json and vault.json beside this file: what Terraform's providers take, of the resources that our modules use, as the
// generated bindings on npm have it. Run it when a module uses another resource:
//   npm install --ignore-scripts --legacy-peer-deps --prefix FOLDER @cdktn/provider-aws@25.7.0 @cdktf/provider-vault@15.6.1
//   node schema.mjs FOLDER/node_modules
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const modules = process.argv[2];

// Blocks that no module uses are left out.
const PROVIDERS = {
  aws: {
    package: "@cdktn/provider-aws",
    resources: {
      "aws-iam-instance-profile": [],
      "aws-iam-openid-connect-provider": [],
      "aws-iam-policy": [],
      "aws-iam-role": [],
      "aws-iam-role-policy": [],
      "aws-cloudwatch-log-group": [],
      "aws-ebs-volume": [],
      "aws-instance": ["metadata_options", "root_block_device"],
      "aws-kms-alias": [],
      "aws-kms-key": [],
      "aws-lb": [],
      "aws-lb-listener": ["default_action"],
      "aws-lb-target-group": ["health_check"],
      "aws-lb-target-group-attachment": [],
      "aws-secretsmanager-secret": [],
      "aws-security-group": [],
      "aws-volume-attachment": [],
      "aws-vpc-security-group-egress-rule": [],
      "aws-vpc-security-group-ingress-rule": [],
    },
    data: ["data-aws-caller-identity", "data-aws-partition", "data-aws-region", "data-aws-subnet"],
  },
  vault: {
    package: "@cdktf/provider-vault",
    resources: {
      "vault-database-secret-backend-connection": ["postgresql"],
      "vault-database-secret-backend-role": [],
      "vault-jwt-auth-backend": [],
      "vault-jwt-auth-backend-role": [],
      "vault-mount": [],
      "vault-pki-secret-backend-role": [],
      "vault-pki-secret-backend-root-cert": [],
      "vault-policy": [],
      "vault-token-auth-backend-role": [],
    },
    data: [],
  },
};

for (const [name, provider] of Object.entries(PROVIDERS)) {
  const schema = { resources: {}, data: {} };
  for (const [resource, blocks] of Object.entries(provider.resources)) {
    const folder = resource.slice(name.length + 1);
    const { version, type } = read(provider.package, folder, (block) => blocks.includes(block));
    schema.version = version;
    schema.resources[resource.replaceAll("-", "_")] = type;
  }
  for (const source of provider.data) {
    schema.data[source.slice("data-".length).replaceAll("-", "_")] = read(provider.package, source, () => false).type;
  }
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${lines(schema)}\n`);
}

/** JSON with a line for each attribute. */
function lines(schema) {
  return JSON.stringify(schema, null, 1).replace(/\[\s+("?\w[^\]]*?)\s+\]/g, (_, inner) => `[${inner.replace(/\s*\n\s*/g, " ")}]`);
}

function read(name, folder, isUsed) {
  const path = (file) => join(modules, name, "lib", folder, file);
  const code = readFileSync(path("index.js"), "utf8");
  const types = readFileSync(path("index.d.ts"), "utf8");
  const version = code.match(/providerVersion: '([^']+)'/)[1];
  const body = code.slice(code.lastIndexOf("synthesizeHclAttributes()"));
  const config = types.match(/export interface (\w+Config) extends/)[1];
  const type = block(code, types, body, config, isUsed);
  // What is only read has a getter and no place in the configuration.
  const getters = code.slice(code.lastIndexOf("super(scope, id, {"));
  for (const [, kind, attribute] of getters.matchAll(/return this\.get(String|Number|Boolean)Attribute\('(\w+)'\)/g)) {
    type.attributes[attribute] ??= [typeOf("simple", kind.toLowerCase()), "computed"];
  }
  return { version, type };
}

function isComputed(code, attribute) {
  return attribute === "id" || new RegExp(`// ${attribute} - computed: true`).test(code);
}

/** The attributes and blocks that a `...ToHclTerraform` function, or the resource itself, writes. */
function block(code, types, body, interfaceName, isUsed) {
  const start = types.indexOf(`export interface ${interfaceName} `);
  const declared = types.slice(start, types.indexOf("\n}", start));
  const result = { attributes: {}, blocks: {} };
  const attrs = body.slice(body.indexOf("const attrs = {"));
  const entries = attrs.slice(0, attrs.search(/\n\s+\};\n/)).matchAll(
    /\n\s+(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)"/g,
  );
  for (const [, name, value, isBlock, type, storage] of entries) {
    const property = name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
    const isRequired = declared.includes(`readonly ${property}:`);
    if (isBlock === "false") {
      result.attributes[name] = [typeOf(type, storage), isRequired ? "required" : "optional"];
      if (!isRequired && isComputed(code, name)) result.attributes[name][1] = "optional computed";
      continue;
    }
    if (!isUsed(name)) continue;
    const [, writer] = value.match(/(?<!\.)\b(\w+)ToHclTerraform/);
    const inner = code.slice(code.indexOf(`function ${writer}ToHclTerraform(`));
    const nested = block(code, types, inner, writer[0].toUpperCase() + writer.slice(1), () => true);
    const isMany = new RegExp(`readonly ${property}\\??: .*\\[\\]`).test(declared);
    result.blocks[name] = { ...nested, items: [isRequired ? 1 : 0, isMany ? 0 : 1] };
  }
  return result;
}

/** "list string" for a list of strings, "list map string" for a list of maps of them. */
function typeOf(type, storage) {
  const word = (text) => (text === "boolean" ? "bool" : text);
  if (type === "simple") return word(storage);
  const inner = storage.endsWith("MapList") ? ["map"] : [];
  return [type, ...inner, word(storage.replace(/(List|Map)+$/, ""))].join(" ");
}
