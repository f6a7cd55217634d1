#!/usr/bin/env bash
# The lab as a plain shell script with the docker client, as one would write it by hand: what `wf start lab-network`
# is measured against. Proves the same things, in the same order; ends with an error where one does not hold.
#   bench/lab.sh IMAGE PROBE_IMAGE
set -euo pipefail
image=$1
probe=$2

docker network ls >/dev/null
docker network create devops >/dev/null
docker network ls >/dev/null
docker run -d --name AppDev --network devops "$image" -text "Mon AppDev" >/dev/null
docker run --rm --network devops "$probe" sh -c 'nslookup appdev >/dev/null 2>&1; ping -c 3 -i 0.2 appdev >/dev/null && wget -qO- http://appdev:5678' | grep "Mon AppDev" >/dev/null
docker network inspect devops >/dev/null
bridge=br-$(docker network inspect -f '{{slice .Id 0 12}}' devops)
gateway=$(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' devops)
subnet=$(docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' devops)
ip address show dev "$bridge" | grep "$gateway" >/dev/null
ip link show master "$bridge" >/dev/null
docker network create prod >/dev/null
docker run -d --name AppProd --network prod "$image" -text "Production" >/dev/null
dev=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' AppDev)
prod=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' AppProd)

# Isolation: controls first, then what must fail.
ping -c 3 -i 0.2 "$dev" >/dev/null
ping -c 3 -i 0.2 "$prod" >/dev/null
from_dev() { docker run --rm --network container:AppDev "$probe" "$@"; }
from_prod() { docker run --rm --network container:AppProd "$probe" "$@"; }
if from_dev ping -c 3 -i 0.2 -W 1 "$prod" >/dev/null; then echo "not isolated" >&2; exit 1; fi
if from_dev wget -T 1 -qO- "http://$prod:5678" >/dev/null 2>&1; then echo "not isolated" >&2; exit 1; fi

# The splice.
pid=$(docker inspect -f '{{.State.Pid}}' AppProd)
address=${gateway%.*}.100
ip link add int_hote type veth peer name int_conteneur
ip link set int_hote master "$bridge"
ip link set int_hote up
ip link set int_conteneur netns "$pid"
inside() { nsenter --net="/proc/$pid/ns/net" "$@"; }
inside ip link set int_conteneur name eth1
inside ip link set eth1 up
inside ip address add "$address/${subnet#*/}" dev eth1
inside ip route add default via "$gateway" dev eth1 metric 100

# Connectivity.
from_dev ping -c 3 -i 0.2 "$address" >/dev/null
from_dev wget -qO- "http://$address:5678" | grep Production >/dev/null
from_prod ping -c 3 -i 0.2 "$dev" >/dev/null
from_prod wget -qO- "http://$dev:5678" | grep "Mon AppDev" >/dev/null
if from_dev ping -c 3 -i 0.2 -W 1 "$prod" >/dev/null; then echo "not isolated any more" >&2; exit 1; fi

# Teardown, and a look at what is left.
docker rm -f AppDev AppProd >/dev/null
while ip link show int_hote >/dev/null 2>&1; do sleep 0.1; done
docker network rm devops prod >/dev/null
while ip link show "$bridge" >/dev/null 2>&1; do sleep 0.1; done
