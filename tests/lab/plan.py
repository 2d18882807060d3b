"""What the network of a lab is to be: subnets with their routes, hosts, endpoints. Made from the name of a stage, or
from a synthesized CloudFormation template (template.py); network.py builds it."""
import dataclasses
import ipaddress

STAGES = ("igw", "s3-gateway", "kinesis-interface")
HOST, ENDPOINT = 10, 50  # which address of its subnet a thing gets


@dataclasses.dataclass
class Subnet:
    name: str
    cidr: str
    internet: bool = False    # 0.0.0.0/0 to the internet gateway
    s3_gateway: bool = False  # S3's prefix list to a gateway endpoint

    def address(self, number):
        return str(ipaddress.ip_network(self.cidr)[number])

    @property
    def router(self):
        return self.address(1)


@dataclasses.dataclass
class Endpoint:
    """The interface endpoint for Kinesis: a network interface in a subnet."""
    subnet: str
    address: str
    private_dns: bool = True
    allowed: list = dataclasses.field(default_factory=list)  # networks its security group lets in at 443
    policy: str = "allow"


@dataclasses.dataclass
class Plan:
    source: str
    region: str
    vpc: str
    subnets: list
    hosts: dict  # name -> name of its subnet
    endpoint: Endpoint = None

    def subnet(self, name):
        return next(s for s in self.subnets if s.name == name)

    def host_address(self, host):
        return self.subnet(self.hosts[host]).address(HOST)

    @property
    def resolver(self):
        return str(ipaddress.ip_network(self.vpc)[2])

    def to_json(self):
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data):
        data = dict(data)
        data["subnets"] = [Subnet(**s) for s in data["subnets"]]
        data["endpoint"] = Endpoint(**data["endpoint"]) if data["endpoint"] else None
        return cls(**data)


def of_stage(stage, region):
    if stage not in STAGES:
        raise ValueError(f"there is no stage {stage}: {', '.join(STAGES)}")
    step = STAGES.index(stage)
    vpc = "10.0.0.0/20"
    public = Subnet("public", "10.0.0.0/24", internet=True)
    private = Subnet("private", "10.0.1.0/24", s3_gateway=step >= 1)
    endpoint = Endpoint("private", private.address(ENDPOINT), allowed=[vpc]) if step >= 2 else None
    return Plan(stage, region, vpc, [public, private], {"public": "public", "private": "private"}, endpoint)


def changed(plan, options):
    """The plan with what the command line says differently."""
    end = plan.endpoint
    if end is None:
        return plan
    if options.private_dns:
        end.private_dns = options.private_dns == "on"
    if options.security_group:
        end.allowed = [plan.vpc] if options.security_group == "open" else []
    if options.endpoint_policy:
        end.policy = options.endpoint_policy
    if options.endpoint_address:
        if ipaddress.ip_address(options.endpoint_address) not in ipaddress.ip_network(plan.subnet(end.subnet).cidr):
            raise ValueError(f"{options.endpoint_address} is not an address of subnet {end.subnet}")
        end.address = options.endpoint_address
    return plan
