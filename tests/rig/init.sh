#!/bin/busybox sh
# Boots the host's own files, read-only below an overlay in memory, and runs commands from the second serial port.
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /machine /layer /all
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order

mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose machine /machine
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/machine,upperdir=/layer/upper,workdir=/layer/work all /all
for folder in proc sys dev; do mount --move "/$folder" "/all/$folder"; done
mount -t tmpfs run /all/run
mount -t tmpfs -o mode=1777 tmp /all/tmp
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 out /all/mnt

# udev's rules would do this.
chgrp "$VIDEO" /all/dev/dri/card*
chgrp "$INPUT" /all/dev/input/event*
chmod 0660 /all/dev/dri/card* /all/dev/input/event*

stty -F /all/dev/ttyS1 raw -echo
exec 0<> /all/dev/ttyS1 1>&0
echo "ready"
while read -r command; do
    chroot /all /bin/sh -c "$command" < /all/dev/null 2>&1
    echo "exit $?"
done
