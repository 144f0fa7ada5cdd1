package template

import (
	"strings"
	"testing"
)

// ordinary are templates such as people write, which have to compile for sh and for bash.
var ordinary = strings.Split(strings.TrimSpace(`
gzip -9 {}
gzip -dc {} > {.}
cp {} backup/{/}
mv {} {//}/old-{/}
mkdir -p out/{//} && cp {} out/{}
rm -f -- {}
convert {} -resize 50% thumbs/{/.}.jpg
ffmpeg -i {} -vn {.}.mp3 2> {.}.log
echo {} | tr a-z A-Z
echo "$(basename {} .txt)"
wc -l < {} | tee {}.count
wc -l {} | awk '{print $1}'
sort {} | uniq -c | sort -rn | head -5
grep -c x {} || true
grep -q TODO {} && echo {}
grep -l x {} | xargs rm -f
sed -i s/a/b/ {}
sed 's/a/b/g' {} > {}.new && mv {}.new {}
awk -F, '{print $2}' {} > {/.}.col
awk -v name={} '{print name, $0}' in
jq -r .name {} | sort
jq --arg k {} '.[$k]' in.json | cat
curl -fsS {} -o out/{#}.html
curl -s https://example.org/{} | jq .
curl -d @- https://example.org/ < {}
wget -q {} || echo {} >> failed
ssh {} uptime
ssh {} 'df -h | tail -1' > {}.df
ssh -o ConnectTimeout=5 {} true && echo "{} is up"
scp -q {} host:/tmp/
rsync -a {}/ backup/{/}/
rsync -az -e ssh {} host:dir/
rsync -a --exclude .git {} b/
tar -czf {/}.tgz {}
tar xf {} -C out
tar -C {//} -cf - {/} | ssh host 'cat > x.tar'
git -C {} pull --ff-only
git -C {} log -1 --format=%h
git clone -q https://example.org/{} d/{/}
git switch -c {} && git push
git -c user.name=x -c user.email=y commit -m {}
git commit -m "update {}" -- {}
cd {} && git status --short
cd {} && make -j2 && make install
cd {} || exit 1; ls | wc -l
(cd {} && tar cf - .) > {/}.tar
make -C {} all
go test -count=1 {} > {#}.log 2>&1
go build -o bin/{/} {}
python3 script.py {} --out {.}.json
python3 -c 'import sys; print(len(sys.argv[1]))' {}
perl -ne 'print if /x/' < {}
node app.js {} | head
docker run --rm -v "$PWD":/w img tool {}
docker exec {} ps aux | wc -l
kubectl get pod {} -o yaml > {}.yaml
psql -v id={} -f q.sql | cat
timeout 10 ping -c1 {} > /dev/null && echo up
nice -n 10 gzip {} &
time sort {} > /dev/null
test -f {} && cat {}
[ -e {} ] || touch {}
[ {} = x ] && exit 3
[ -n "{}" ] && [ ! -d {} ] && echo file
if [ -d {} ]; then ls {}; else cat {}; fi
case {} in *.gz) zcat {} ;; *.xz) xzcat {} ;; *) cat {} ;; esac | wc -l
for i in 1 2 3; do curl -f {} && break; sleep 1; done
for f in {}/*; do echo "$f"; done
while read -r line; do echo "{}: $line"; done < {}
while read -r a b; do echo "$b $a"; done < {} | sort
f={}; echo "${f%.*}" "${f##*/}" "${#f}"
x=$(stat -c %s {}); [ "$x" -gt 100 ] && echo {}
n=$(wc -l < {}); echo "$((n / 2))"
s=$(sha256sum {} | cut -d' ' -f1); echo "$s {}" >> sums
n=$(printf %s {} | wc -c); [ "$n" -gt 255 ] && echo {}
d=$(dirname {}); b=$(basename {}); echo "$d/x-$b"
d=$(mktemp -d) && cp {} "$d" && rm -r "$d"
t=$(date +%s); ./run {}; echo $(( $(date +%s) - t ))
out=$(./check {}) || { echo "$out" >&2; exit 1; }
./a {} | ./b > {}.out; exit $?
./run {} || { s=$?; echo "{} failed: $s" >&2; exit $s; }
set -e; ./a {}; ./b {}
set -- {} x; shift; echo "$1"
trap 'rm -f tmp.{#}' EXIT; ./run {} > tmp.{#}
log() { echo "$(date): $*"; }; log start {}; ./run {}; log end {}
try() { "$@" || "$@"; }; try curl {}
printf '%s\t%s\n' {} "$(wc -c < {})"
printf '%s\n' {} >> list; sort -u list > sorted
echo {} | base64 | tr -d '\n'
echo {} | cut -d: -f2 | sed 's/^ *//'
echo {} | grep -E '^[a-z]+$' | wc -l
echo {1} {2} | column -t
cut -d, -f1 {} | sort -u | while read -r k; do echo "$k" > "k.$k"; done
find {} -type f -size +1M | wc -l
find {} -name '*.tmp' -exec rm -f '{{}' +
find {} -type f -print0 | xargs -0 chmod 644
xargs -a {} -n1 echo
cat <<E > {}.conf
name = {}
E
ssh {} 'bash -s' < setup.sh
sh -s -- {} <<'E'
ls "$1"
E
cat {} | ssh host 'sort > x'
mysql -u root db < {}
openssl dgst -sha256 {} | awk '{print $2}'
env LANG=C sort {} | uniq
LC_ALL=C TZ=UTC ls -l {}
X={} ./run && echo done
export X={}; ./run
"$EDITOR" {}
sudo -u www systemctl restart {} && echo ok
diff -u {} {}.orig > {}.patch; [ $? -le 1 ]
kill -0 "$(cat {}.pid)" 2>/dev/null || rm {}.pid
flock {}.lock ./run {}
identify -format '%w %h' {} | { read -r w h; echo "$h $w {}"; }
vim -es -c 'g/x/d' -c wq {}
crontab -u {} -l | grep -v '^#'
`), "\n")

func TestOrdinary(t *testing.T) {
	var joined []string
	for i := 0; i < len(ordinary); i++ { // a here-document is one
		text := ordinary[i]
		for (strings.Contains(text, "<<E") || strings.Contains(text, "<<'E'")) && !strings.HasSuffix(text, "\nE") {
			i++
			text += "\n" + ordinary[i]
		}
		joined = append(joined, text)
	}
	for _, text := range joined {
		for _, shell := range []string{"sh", "dash", "bash", "busybox sh"} {
			if _, err := Shell(text, shell, Options{}); err != nil {
				t.Errorf("Shell(%q, %s) = %v, want it accepted", text, shell, err)
			}
		}
	}
	for _, text := range []string{ // with the item on standard input
		"wc -c", "jq -r .name | sort", "tee {#}.in | gzip > {#}.gz", "sort | uniq -c", "ssh host 'cat > in.{#}'", "while read -r l; do echo \"$l\"; done",
		`read -r a b; echo "$b $a"`, `x=$(cat); printf '%s\n' "$x" > {#}.txt`, `curl -d @- https://example.org/`, "psql -f -", `eval "$(ssh-agent)"; ssh-add -`, `n=$(wc -l); echo $((n / 2))`,
		"grep -v '^#' | xargs rm -f", "xargs -I% sh %", "xargs -n1 basename", "tr a b | sh run.sh", "cat > f && sh build.sh < /dev/null", `xargs sh -c 'for f; do echo "$f"; done' sh`,
	} {
		for _, shell := range []string{"sh", "bash"} {
			if _, err := Shell(text, shell, Options{Stdin: true, NoAppend: true}); err != nil {
				t.Errorf("Shell(%q, %s) = %v, want it accepted", text, shell, err)
			}
		}
	}
}
