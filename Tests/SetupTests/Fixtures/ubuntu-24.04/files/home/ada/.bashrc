# ~/.bashrc
case $- in
    *i*) ;;
      *) return;;
esac
