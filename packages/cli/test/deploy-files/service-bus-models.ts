// What Azure's own management SDK knows about the entities in a Bicep file.

import * as mappers from "@azure/arm-servicebus/dist-esm/src/models/mappers.js";

/** Keyed by what follows `Microsoft.ServiceBus/namespaces/` in a resource's type. */
const MODELS = {
  queues: mappers.SBQueue,
  topics: mappers.SBTopic,
  "topics/subscriptions": mappers.SBSubscription,
} as const;

/** How Bicep writes values of the types that these entities need. */
const LITERALS: Readonly<Record<string, RegExp>> = {
  TimeSpan: /^'P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?'$/,
  Number: /^\d+$/,
  Boolean: /^(?:true|false)$/,
};

/** The properties of the resources that do not fit the models. */
export function modelProblems(bicep: string): readonly string[] {
  return [...bicep.matchAll(RESOURCE)].flatMap(([, name = "", type = "", properties = ""]) => {
    const known = Object.entries(MODELS).find(([key]) => key === type)?.[1].type.modelProperties;
    if (known === undefined) return [`${name}: no model of ${type}`];
    const mapped = new Map(Object.values(known).map((each) => [each.serializedName, each]));
    return [...properties.matchAll(/(\w+): (.+)/g)].flatMap(([, property = "", value = ""]) => {
      const model = mapped.get(`properties.${property}`);
      if (model === undefined || model.readOnly === true) return [`${name}.${property} cannot be set`];
      return LITERALS[model.type.name]?.test(value) === true
        ? []
        : [`${name}.${property}: ${value} is no ${model.type.name}`];
    });
  });
}

const RESOURCE =
  /^resource (\w+) 'Microsoft\.ServiceBus\/namespaces\/([\w/]+)@[\d-]+' = \{[^}]*?properties: \{([^}]*)\}/gm;
