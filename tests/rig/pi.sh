#!/bin/busybox sh
# Boots a Debian with the installed service below an overlay in memory, with a shell on the second serial port.
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /debian /installed /layer /all
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order

mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose debian /debian
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose installed /installed
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/installed:/debian,upperdir=/layer/upper,workdir=/layer/work all /all
for folder in proc sys dev; do mount --move "/$folder" "/all/$folder"; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 out /all/mnt

cat > /all/usr/local/bin/serve <<'END'
stty raw -echo
journalctl --follow --lines=all --output=short-monotonic > /mnt/journal &
echo ready
while read -r command; do
    sh -c "$command" < /dev/null 2>&1
    echo "exit $?"
done
END
cat > /all/etc/systemd/system/serve.service <<'END'
[Service]
Environment=SYSTEMD_COLORS=0 SYSTEMD_PAGER= LANG=C.UTF-8
ExecStart=/bin/sh /usr/local/bin/serve
StandardInput=tty-force
StandardOutput=tty
TTYPath=/dev/ttyS1
END
ln -s ../serve.service /all/etc/systemd/system/multi-user.target.wants/serve.service
exec switch_root /all /sbin/init
