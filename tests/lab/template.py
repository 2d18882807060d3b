"""A plan from a synthesized CloudFormation template: what is deployed is what is tested.

Read are the VPC, its subnets with their route tables and routes, the instances, the endpoints with private DNS and the
security groups of the interface endpoint. What is not understood is refused, never guessed."""
import json

from plan import ENDPOINT, Endpoint, Plan, Subnet


class Template:
    def __init__(self, path, region):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        self.path = path
        self.resources = data["Resources"]
        self.known = {"AWS::Region": region, "AWS::Partition": "aws"}
        self.known |= {name: p["Default"] for name, p in data.get("Parameters", {}).items() if "Default" in p}

    def of_type(self, kind):
        """Logical id and properties of every resource of a type."""
        return {name: r.get("Properties", {}) for name, r in self.resources.items() if r["Type"] == f"AWS::EC2::{kind}"}

    def only(self, kind):
        found = self.of_type(kind)
        if len(found) != 1:
            raise ValueError(f"{self.path}: {len(found)} of {kind}, wanted is one")
        return next(iter(found.items()))

    def text(self, value):
        """A value with its references resolved; a reference to a resource is the logical id."""
        if not isinstance(value, dict):
            return value
        if len(value) != 1:
            raise ValueError(f"{self.path}: not understood: {value}")
        (function, argument), = value.items()
        if function == "Ref":
            return self.known.get(argument, argument)
        if function == "Fn::Join":
            return argument[0].join(self.text(part) for part in argument[1])
        if function == "Fn::GetAtt":
            name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
            literal = self.resources[name].get("Properties", {}).get(attribute)
            return literal if isinstance(literal, str) else name
        raise ValueError(f"{self.path}: not understood: {function}")

    def texts(self, values):
        return [self.text(v) for v in values or []]


def plan(path, region):
    template = Template(path, region)
    _, vpc = template.only("VPC")
    subnets, ids = subnets_of(template)
    hosts = {}
    for properties in template.of_type("Instance").values():
        interfaces = properties.get("NetworkInterfaces") or [{}]
        hosts[host_name(properties)] = ids[template.text(properties.get("SubnetId") or interfaces[0].get("SubnetId"))]
    made = Plan(path, region, template.text(vpc["CidrBlock"]), subnets, hosts)
    for properties in template.of_type("VPCEndpoint").values():
        service = template.text(properties["ServiceName"])
        if properties.get("VpcEndpointType") == "Interface" and service == f"com.amazonaws.{region}.kinesis-streams":
            made.endpoint = interface(template, made, ids, vpc, properties)
    return made


def host_name(properties):
    return next(tag["Value"] for tag in properties["Tags"] if tag["Key"] == "Name")


def subnets_of(template):
    """The subnets in the order of their networks, and their names by logical id."""
    tables = {template.text(p["SubnetId"]): template.text(p["RouteTableId"])
              for p in template.of_type("SubnetRouteTableAssociation").values()}
    subnets, ids = [], {}
    for logical, properties in template.of_type("Subnet").items():
        name = next((t["Value"] for t in properties.get("Tags", []) if t["Key"] == "aws-cdk:subnet-name"), logical)
        table = tables.get(logical)
        subnets.append(Subnet(name, template.text(properties["CidrBlock"]), to_internet(template, table),
                              to_s3(template, table)))
        ids[logical] = name
    return sorted(subnets, key=lambda s: [int(part) for part in s.cidr.split("/")[0].split(".")]), ids


def to_internet(template, table):
    """A default route to an internet gateway that is attached to the VPC."""
    attached = {template.text(p.get("InternetGatewayId")) for p in template.of_type("VPCGatewayAttachment").values()}
    for route in template.of_type("Route").values():
        if template.text(route["RouteTableId"]) != table:
            continue
        if route.get("DestinationCidrBlock") != "0.0.0.0/0" or "GatewayId" not in route:
            raise ValueError(f"{template.path}: a route the lab cannot build: {route}")
        return template.text(route["GatewayId"]) in attached
    return False


def to_s3(template, table):
    return any(p.get("VpcEndpointType", "Gateway") == "Gateway" and
               template.text(p["ServiceName"]) == f"com.amazonaws.{template.known['AWS::Region']}.s3" and
               table in template.texts(p.get("RouteTableIds")) for p in template.of_type("VPCEndpoint").values())


def interface(template, made, ids, vpc, properties):
    name = ids[template.texts(properties["SubnetIds"])[0]]
    resolves = vpc.get("EnableDnsSupport", True) and vpc.get("EnableDnsHostnames", False)
    return Endpoint(name, made.subnet(name).address(ENDPOINT), bool(properties.get("PrivateDnsEnabled") and resolves),
                    allowed(template, made, properties))


def allowed(template, made, properties):
    """Which networks the endpoint's security groups let in at 443; a group of hosts is the whole VPC."""
    networks = []
    for group in template.texts(properties.get("SecurityGroupIds")):
        rules = list(template.of_type("SecurityGroup")[group].get("SecurityGroupIngress", []))
        rules += [p for p in template.of_type("SecurityGroupIngress").values() if template.text(p["GroupId"]) == group]
        for rule in rules:
            protocol = str(rule["IpProtocol"])
            if protocol == "-1" or (protocol == "tcp" and rule["FromPort"] <= 443 <= rule["ToPort"]):
                networks.append(template.text(rule["CidrIp"]) if "CidrIp" in rule else made.vpc)
    return networks
