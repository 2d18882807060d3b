"""Builds the links of a lab and makes its routes, rules and names what a plan says, also while traffic runs.

    host --- subnet's bridge --- router ---+--- cable or wire (the internet) ---+--- aws
                 |                          +--- backbone (AWS's own network) ---+     |
              endpoint ---------------------------------------------------------------+

The router's routing table of a subnet decides what leaves it, as in a VPC."""
import ipaddress
import json
import os

import spaces

KINESIS, KINESIS_DENIED, STS, S3 = "198.51.100.10", "198.51.100.11", "198.51.100.30", "203.0.113.20"
S3_PREFIX, KINESIS_PREFIX, ELASTIC = "203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"
METADATA = "169.254.169.254"
VPCE = "vpce-0123456789abcdef0-1a2b3c4d"
# Links between the namespaces: the end in AWS, the other end.
BACKBONE, WIRE, CABLE, SERVICE = [("100.64.%d.1" % i, "100.64.%d.2" % i) for i in range(4)]


def elastic(plan, host):
    return str(ipaddress.ip_network(ELASTIC)[10 + sorted(plan.hosts).index(host)])


def veth(lab, device, other_place, other_device):
    return f"link add name {device} type veth peer name {other_device} netns {spaces.name(lab, other_place)}"


def build(lab, plan):
    """Everything that does not change with the stage, except the cable, which is a process."""
    for place in (*spaces.PLACES, *plan.hosts):
        spaces.create(lab, place)
    lines = ["link set dev lo up"]
    for i, subnet in enumerate(plan.subnets):
        prefix = subnet.cidr.split("/")[1]
        lines += [f"link add name sub{i} type bridge", f"address add {subnet.router}/{prefix} dev sub{i}",
                  f"link set dev sub{i} up", f"rule add iif sub{i} lookup {100 + i} pref {100 + i}"]
    lines += [f"address add {plan.resolver}/32 dev sub0"]
    for host, subnet in plan.hosts.items():
        port, bridge = f"h-{host}"[:15], plan.subnets.index(plan.subnet(subnet))
        lines += [veth(lab, port, host, "eth0"), f"link set dev {port} master sub{bridge}", f"link set dev {port} up"]
    lines += [veth(lab, "endpoint", "endpoint", "eth0"), "link set dev endpoint up"]
    for device, (far, near) in (("backbone", BACKBONE), ("wire", WIRE)):
        lines += [veth(lab, device, "aws", device), f"address add {near}/30 dev {device}", f"link set dev {device} up"]
    spaces.batch(lab, "router", lines)
    spaces.batch(lab, "endpoint", [
        "link set dev lo up", "link set dev eth0 up", veth(lab, "backbone", "aws", "endpoint"),
        f"address add {SERVICE[1]}/30 dev backbone", "link set dev backbone up",
        f"route add {KINESIS_PREFIX} via {SERVICE[0]}"])
    spaces.batch(lab, "aws", [
        "link set dev lo up", *(f"address add {a}/32 dev lo" for a in (KINESIS, KINESIS_DENIED, STS, S3)),
        *(f"address add {ends[0]}/30 dev {device}" for device, ends in
          (("backbone", BACKBONE), ("wire", WIRE), ("endpoint", SERVICE))),
        *(f"link set dev {device} up" for device in ("backbone", "wire", "endpoint")),
        f"route add {plan.vpc} via {BACKBONE[1]}"])
    for host, subnet in plan.hosts.items():
        prefix = plan.subnet(subnet).cidr.split("/")[1]
        spaces.batch(lab, host, [
            "link set dev lo up", f"address add {METADATA}/32 dev lo",
            f"address add {plan.host_address(host)}/{prefix} dev eth0", "link set dev eth0 up"])
        write(f"/etc/netns/{spaces.name(lab, host)}/resolv.conf",
              f"nameserver {plan.resolver}\noptions timeout:2 attempts:2\n")
        write(f"/etc/netns/{spaces.name(lab, host)}/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")


def cable_built(lab):
    """The cable's process has made its two interfaces."""
    for place, own in (("router", CABLE[1]), ("aws", CABLE[0])):
        spaces.batch(lab, place, [f"address add {own}/30 dev cable", "link set dev cable up"])


def write(path, text):
    """The whole file appears at once."""
    spaces.make_folder(os.path.dirname(path))
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def apply(lab, plan, weather):
    """The routes, rules and names of the plan. weather: delay_ms, rate_mbit, outside, stale."""
    route(lab, plan, weather)
    translate(lab, plan)
    attach_endpoint(lab, plan)
    guard_endpoint(lab, plan)
    write(os.path.join(spaces.folder(lab), "names.json"), json.dumps({"ttl": 60, "names": names(plan)}, indent=1))
    for host in plan.hosts:
        write(f"/etc/netns/{spaces.name(lab, host)}/hosts", host_file(plan, host in weather["stale"]))


def route(lab, plan, weather):
    far = weather["delay_ms"] > 0 or weather["rate_mbit"] > 0
    link, ends = ("cable", CABLE) if far else ("wire", WIRE)
    spaces.batch(lab, "aws", [f"route replace {ELASTIC} via {ends[1]} dev {link}"])
    lines = []
    for i, subnet in enumerate(plan.subnets):
        table = f"table {100 + i}"
        out = f"via {ends[0]} dev {link}"
        lines += [f"route replace {s.cidr} dev sub{j} {table}" for j, s in enumerate(plan.subnets)]
        lines += [f"route replace blackhole {plan.vpc} {table}",
                  f"route replace default {out} {table}" if subnet.internet else
                  f"route replace blackhole default {table}"]
        if subnet.s3_gateway:
            lines += [f"route replace {S3_PREFIX} via {BACKBONE[0]} dev backbone {table}"]
        else:
            lines += [f"route replace {S3_PREFIX} {out} {table}" if subnet.internet else
                      f"route replace blackhole {S3_PREFIX} {table}"]
    spaces.batch(lab, "router", lines)
    for host, name in plan.hosts.items():
        subnet = plan.subnet(name)
        if subnet.internet or weather["outside"] == "silent":
            lines = [f"route replace default via {subnet.router}"]
        else:
            lines = ["route flush exact 0.0.0.0/0", f"route replace {plan.vpc} via {subnet.router}",
                     f"route replace {S3_PREFIX} via {subnet.router}" if subnet.s3_gateway else
                     f"route flush exact {S3_PREFIX}"]
        spaces.batch(lab, host, lines)


def translate(lab, plan):
    """The internet gateway: every host of a public subnet has an elastic address of its own."""
    public = [h for h, s in plan.hosts.items() if plan.subnet(s).internet]
    out = [f'oifname {{ "wire", "cable" }} ip saddr {plan.host_address(h)} snat to {elastic(plan, h)}' for h in public]
    into = [f'iifname {{ "wire", "cable" }} ip daddr {elastic(plan, h)} dnat to {plan.host_address(h)}' for h in public]
    spaces.rules(lab, "router", "\n".join([
        "table ip lab {", "chain out { type nat hook postrouting priority srcnat; }",
        "chain into { type nat hook prerouting priority dstnat; }", "}",
        "flush chain ip lab out", "flush chain ip lab into",
        *(f"add rule ip lab out {r}" for r in out), *(f"add rule ip lab into {r}" for r in into)]) + "\n")


def attach_endpoint(lab, plan):
    """The endpoint's address, unless it is there already. Looked at, not remembered: a change may have been killed."""
    end = plan.endpoint
    shown = json.loads(spaces.run("ip", "-n", spaces.name(lab, "endpoint"), "-j", "address", "show", "dev", "eth0"))
    there = [a["local"] for a in shown[0]["addr_info"]]
    if there == ([end.address] if end else []):
        return
    spaces.batch(lab, "endpoint", ["address flush dev eth0"])
    spaces.batch(lab, "router", ["link set dev endpoint nomaster"])
    if end:
        subnet = plan.subnet(end.subnet)
        spaces.batch(lab, "router", [f"link set dev endpoint master sub{plan.subnets.index(subnet)}"])
        spaces.batch(lab, "endpoint", [f"address add {end.address}/{subnet.cidr.split('/')[1]} dev eth0",
                                       f"route replace default via {subnet.router}"])


def guard_endpoint(lab, plan):
    """The security group, the counters, and the way on to the service. Connections that an address lost are dropped
    too: nothing answers at an address that is no longer there."""
    end = plan.endpoint
    guard, to = ['iifname != "eth0" accept'], []
    if end:
        service = KINESIS if end.policy == "allow" else KINESIS_DENIED
        guard += [f"ip daddr != {end.address} counter name refused drop", "ct state established accept"]
        for network in end.allowed:
            guard += [f"ip saddr {network} ip saddr {plan.host_address(h)} tcp dport 443 counter name {h} accept"
                      for h in plan.hosts]
        to = [f'iifname "eth0" ip daddr {end.address} tcp dport 443 dnat to {service}']
    guard += ["counter name refused drop"]
    spaces.rules(lab, "endpoint", "\n".join([
        "table ip lab {", *(f"counter {c} {{ }}" for c in (*plan.hosts, "refused")),
        "chain guard { type filter hook prerouting priority -160; }",
        "chain to { type nat hook prerouting priority dstnat; }",
        'chain out { type nat hook postrouting priority srcnat; }', "}",
        *(f"flush chain ip lab {c}" for c in ("guard", "to", "out")),
        *(f"add rule ip lab guard {r}" for r in guard), *(f"add rule ip lab to {r}" for r in to),
        'add rule ip lab out oifname "backbone" masquerade']) + "\n")


def counters(lab):
    """New connections at the endpoint by host, and refused packets."""
    text = spaces.run("ip", "netns", "exec", spaces.name(lab, "endpoint"), "nft", "-j", "list", "counters")
    found = (item["counter"] for item in json.loads(text)["nftables"] if "counter" in item)
    return {c["name"]: c["packets"] for c in found}


def ways(lab):
    """Bytes the router sent by each way since it is there: the internet (cable and wire) and AWS's own network."""
    links = json.loads(spaces.run("ip", "-n", spaces.name(lab, "router"), "-s", "-j", "link"))
    sent = {link["ifname"]: link["stats64"]["tx"]["bytes"] for link in links}
    return {"internet": sent["wire"] + sent["cable"], "backbone": sent["backbone"]}


def kinesis_names(region):
    return [f"kinesis.{region}.amazonaws.com", f"*.data-kinesis.{region}.amazonaws.com",
            f"*.control-kinesis.{region}.amazonaws.com"]


def vpce_names(region):
    return [f"{VPCE}.kinesis.{region}.vpce.amazonaws.com", f"{VPCE}-{region}a.kinesis.{region}.vpce.amazonaws.com"]


def s3_names(region):
    return [f"s3.{region}.amazonaws.com", f"*.s3.{region}.amazonaws.com", "s3.amazonaws.com", "*.s3.amazonaws.com"]


def names(plan):
    """What the VPC's resolver says. S3 and STS have their public addresses in every stage."""
    region, end = plan.region, plan.endpoint
    told = {n: S3 for n in s3_names(region)}
    told |= {f"sts.{region}.amazonaws.com": STS}
    told |= {n: end.address if end and end.private_dns else KINESIS for n in kinesis_names(region)}
    if end:
        told |= {n: end.address for n in vpce_names(region)}
    return told


def host_file(plan, stale):
    """What a host knows without asking the resolver: here stands an old answer, in the place of a cache."""
    old = f"{KINESIS} {kinesis_names(plan.region)[0]}\n" if stale else ""
    return "127.0.0.1 localhost\n" + old
