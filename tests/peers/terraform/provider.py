"""Stands in for a Terraform provider, whose program is not on PyPI: takes what the real one takes (NAME.json, from schema.mjs), and
makes it where NAME.py knows how. `python provider.py NAME` is started by Terraform."""

import importlib
import json
import sys
from pathlib import Path
from threading import local

from tf import iface, provider, runner, schema, types
from tf.blocks import SetNestedBlock
from tf.gen import tfplugin_pb2 as pb
from tf.utils import read_dynamic_value, to_dynamic_value

NAME = sys.argv[1]
SCHEMA = json.loads(Path(__file__).with_name(f"{NAME}.json").read_text())
MAKER = importlib.import_module(NAME)
TYPES = {"string": types.String, "number": types.Number, "bool": types.Bool}
WRAPPERS = {"list": types.List, "set": types.Set, "map": types.Map}

# What is being applied; write-only attributes stand in the configuration and nowhere else.
APPLYING = local()


class Attribute(schema.Attribute):
    def to_pb(self):
        message = super().to_pb()
        if not self.name.endswith("_wo"):
            return message
        # `write_only` is field 11 of the protocol (tfplugin6.7), which the package does not know yet.
        return pb.Schema.Attribute.FromString(message.SerializeToString() + bytes([11 << 3, 1]))


class ListBlock(SetNestedBlock):
    def to_pb(self):
        message = super().to_pb()
        message.nesting = pb.Schema.NestedBlock.NestingMode.LIST
        return message


def attribute(name, described):
    kind, presence = described
    *wrappers, element = kind.split()
    kind = TYPES[element]()
    for wrapper in reversed(wrappers):
        kind = WRAPPERS[wrapper](kind)
    return Attribute(name, kind, **{word: True for word in presence.split()})


def content(described):
    attributes = [attribute(*item) for item in described["attributes"].items()]
    return {"attributes": attributes, "block_types": [block(*item) for item in described["blocks"].items()]}


def block(name, described):
    made = ListBlock(name, schema.Block(**content(described)))
    made.min_items, made.max_items = (count or None for count in described["items"])
    return made


def kind(base, name, described):
    """A class of resources or of data sources, as the package wants one for each."""

    class Kind(base):
        get_name = classmethod(lambda cls: name.removeprefix(f"{NAME}_"))
        get_schema = classmethod(lambda cls: schema.Schema(**content(described)))

        def __init__(self, _provider):
            pass

        def create(self, ctx, planned):
            return self.known(planned, MAKER.make(name, APPLYING.configuration))

        def update(self, ctx, current, planned):
            return self.known(planned, MAKER.make(name, APPLYING.configuration) or current)

        def read(self, ctx, state):
            return state if base is iface.Resource else self.known(state, MAKER.look(name))

        def delete(self, ctx, current):
            return None

        def known(self, state, made):
            """What is computed and nobody made gets a value that says so."""
            values = {"id": f"{name}-id"} | made
            computed = [key for key, (_, presence) in described["attributes"].items() if "computed" in presence]
            return {
                key: values.get(key, f"{name}-{key}" if described["attributes"][key][0] == "string" else None)
                if key in computed and (value is None or value is types.Unknown)
                else value
                for key, value in state.items()
            }

    return Kind


class Provider(iface.Provider):
    get_model_prefix = lambda self: f"{NAME}_"
    full_name = lambda self: f"registry.terraform.io/hashicorp/{NAME}"
    # All else that the real ones take comes from the environment.
    get_provider_schema = lambda self, diags: schema.Schema([Attribute("region", types.String(), optional=True)])
    validate_config = lambda self, diags, config: None
    configure_provider = lambda self, diags, config: None
    get_resources = lambda self: [kind(iface.Resource, *item) for item in SCHEMA["resources"].items()]
    get_data_sources = lambda self: [kind(iface.DataSource, *item) for item in SCHEMA["data"].items()]


def forget(value):
    """Without what is written and never kept."""
    if isinstance(value, dict):
        return {key: None if key.endswith("_wo") else forget(kept) for key, kept in value.items()}
    return [forget(kept) for kept in value] if isinstance(value, list) else value


class Servicer(provider.ProviderServicer):
    def PlanResourceChange(self, request, context):
        request.proposed_new_state.CopyFrom(to_dynamic_value(forget(read_dynamic_value(request.proposed_new_state))))
        return super().PlanResourceChange(request, context)

    def ApplyResourceChange(self, request, context):
        APPLYING.configuration = read_dynamic_value(request.config)
        return super().ApplyResourceChange(request, context)


provider.ProviderServicer = Servicer
runner.run_provider(Provider(), sys.argv[:1])
