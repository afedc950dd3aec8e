// A SCIM server of npm scimmy-routers, in memory: arguments PORT TOKEN.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
const [port, token] = process.argv.slice(2);
let next = 1;
const hold = (type, unique) => {
    const all = new Map();
    SCIMMY.Resources.declare(type)
        .ingress((resource, instance) => {
            const known = [...all.values()].find((one) => one[unique].toLowerCase() === instance[unique].toLowerCase());
            if (resource.id && !all.has(resource.id)) throw new SCIMMY.Types.Error(404, null, "no such resource");
            if (!resource.id && known) throw new SCIMMY.Types.Error(409, "uniqueness", "there already");
            const id = resource.id ?? `${next++}-${type.name}`;
            const stored = { ...JSON.parse(JSON.stringify(instance)), id };
            all.set(id, stored);
            return stored;
        })
        .egress((resource) => {
            if (!resource.id) return [...all.values()];
            const found = all.get(resource.id);
            if (!found) throw new SCIMMY.Types.Error(404, null, "no such resource");
            return found;
        })
        .degress((resource) => { all.delete(resource.id); });
};
hold(SCIMMY.Resources.User, "userName");
hold(SCIMMY.Resources.Group, "displayName");
const app = express();
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("who are you?");
        return "ephor";
    },
}));
app.listen(Number(port), "127.0.0.1", () => console.log("listening"));
