#!/usr/bin/python3
"""examples/vpc: its own tests, cdk synth without an account, and what the lab reads from the templates."""
# limit: 600
import copy
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import plan  # noqa: E402
import stack  # noqa: E402
import template  # noqa: E402

REGION = "us-east-2"


def own_tests(folder, node):
    done = stack.run(folder, node, "--test", "--test-reporter=tap", "build/test/")
    for good, text in re.findall(r"^(not ok|ok) \d+ - (.*)$", done.stdout, re.M):
        check.ok(f"npm test: {text}", good == "ok", "see the output below")
    check.ok("npm test came to its end", done.returncode == 0 and "# fail 0" in done.stdout,
             done.stdout[-4000:] + done.stderr[-1000:])


def synthesizes(folder, node):
    with tempfile.TemporaryDirectory() as out:
        done = stack.run(folder, node, "node_modules/aws-cdk/bin/cdk", "synth", "--quiet", "--no-notices", "-o", out,
                         "-c", "stage=kinesis-interface")
        check.ok("cdk synth without an account", done.returncode == 0, done.stdout + done.stderr)
        path = os.path.join(out, "KinesisToolkitVpc.template.json")
        check.ok("what it writes is what the lab reads", os.path.exists(path) and
                 plan.of_stage("kinesis-interface", REGION).endpoint == template.plan(path, REGION).endpoint)
        done = stack.run(folder, node, "node_modules/aws-cdk/bin/cdk", "synth", "--quiet", "--no-notices", "-o", out,
                         "-c", "stage=nat")
        check.ok("an unknown stage is refused", done.returncode != 0 and "kinesis-interface" in done.stderr, done.stderr)


def same_plans(paths):
    """The lab's own stages are the networks of the templates, so that both can be used for the same story."""
    for name in plan.STAGES:
        read, own = template.plan(paths[name], REGION), plan.of_stage(name, REGION)
        own.source = read.source
        check.equal(f"{name}: the template and the lab's own stage are one network", own, read)
    read = template.plan(paths["kinesis-interface-public-names"], REGION)
    check.equal("private DNS off is read", False, read.endpoint.private_dns)


def changed(data, change):
    data = copy.deepcopy(data)
    change(data["Resources"])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(data, file)
        file.flush()
        return template.plan(file.name, REGION)


def of(resources, kind, **properties):
    return next(r for r in resources.values() if r["Type"] == f"AWS::EC2::{kind}" and
                all(r["Properties"].get(k) == v for k, v in properties.items()))["Properties"]


def follows(path):
    """What is changed in the template changes in the lab: the reader does not recite."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)

    def closed(r):
        of(r, "SecurityGroup", GroupDescription="HTTPS from the VPC")["SecurityGroupIngress"] = []

    def other_port(r):
        of(r, "SecurityGroup", GroupDescription="HTTPS from the VPC")["SecurityGroupIngress"][0].update(
            FromPort=80, ToPort=80)

    def no_host_names(r):
        of(r, "VPC")["EnableDnsHostnames"] = False

    def other_table(r):
        of(r, "VPCEndpoint", VpcEndpointType="Gateway")["RouteTableIds"] = [
            of(r, "Route", DestinationCidrBlock="0.0.0.0/0")["RouteTableId"]]

    def detached(r):
        for name in [n for n, x in r.items() if x["Type"] == "AWS::EC2::VPCGatewayAttachment"]:
            del r[name]

    check.equal("a closed security group", [], changed(data, closed).endpoint.allowed)
    check.equal("one that opens another port", [], changed(data, other_port).endpoint.allowed)
    check.equal("a VPC without DNS host names has no private DNS", False,
                changed(data, no_host_names).endpoint.private_dns)
    check.equal("the gateway in the other table", [True, False],
                [s.s3_gateway for s in changed(data, other_table).subnets])
    check.equal("a gateway that is not attached leads nowhere", [False, False],
                [s.internet for s in changed(data, detached).subnets])


def main():
    try:
        folder, node = stack.compiled()
    except stack.Missing as reason:
        check.skip("examples/vpc", str(reason))
        check.done()
    own_tests(folder, node)
    synthesizes(folder, node)
    paths = stack.templates()
    same_plans(paths)
    follows(paths["kinesis-interface"])
    check.done()


main()
